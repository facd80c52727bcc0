import { get, meetingPath } from "../api.js";
import { every, h } from "../dom.js";
import { follow } from "../stream.js";
import { receptionPanel } from "./reception.js";

const trackWords = { waiting: "not heard yet", flowing: "", silent: "silent", stalled: "no packets", ended: "left" };
const Floor = -60;   // dB: quieter than that is an empty meter

/** Who is there, how loud, and how well they come through. */
export function peoplePanel(state, signal) {
  const list = h("ul.people");
  const rows = new Map();       // participant → row
  const ofTrack = new Map();    // track → row

  const draw = () => {
    for (const track of state.meeting.tracks) {
      const { id } = track.participant;
      let row = rows.get(id);
      if (!row) {
        row = personRow();
        row.element.classList.add(state.speakers.colour(id));
        rows.set(id, row);
        list.append(row.element);
      }
      row.name.textContent = state.speakers.name(id);
      ofTrack.set(track.id, row);
    }
    for (const [id, row] of rows) row.status.textContent = statusOf(state.meeting.tracks.filter(track => track.participant.id === id));
  };
  draw();
  state.onChange(signal, draw);

  follow(meetingPath(state.meeting.id, "levels"), {
    event: ({ type, data }) => {
      if (type !== "levels") return;
      list.classList.add("with-levels");
      const heard = new Map(JSON.parse(data).tracks.map(track => [track.track_id, track]));
      for (const [track, row] of ofTrack) meter(row, heard.get(track));
    },
    state: what => { if (what !== "open") for (const row of rows.values()) meter(row, undefined); },
  }, signal);

  const reception = receptionPanel(state);
  const ask = async () => {
    try {
      const quality = await get(meetingPath(state.meeting.id, "quality"), signal);
      reception.show(quality);
      for (const track of quality.tracks) {
        const row = ofTrack.get(track.track_id);
        if (row) row.quality.textContent = qualityOf(track);
      }
    } catch { /* what is shown stays; the next time will do */ }
  };
  ask();
  every(5000, signal, ask);
  return h("div", {}, h("section", { "aria-labelledby": "people-title" }, h("h2", { id: "people-title" }, "People"),
    state.meeting.tracks.length > 0 ? list : h("div", {}, list, h("p.hint", {}, "Nobody yet. People come when tracks are added."))), reception.element);
}

function personRow() {
  const name = h("span.name");
  const status = h("span.status");
  const level = h("span.level", { "aria-hidden": "true" }, h("span"));
  const quality = h("span.quality");
  return { element: h("li", {}, h("span.who", {}, name, status), level, quality), name, status, level, quality };
}

function meter(row, heard) {
  const share = heard ? Math.min(1, Math.max(0, (heard.level_db - Floor) / -Floor)) : 0;
  row.level.style.setProperty("--level", share.toFixed(3));
  row.element.classList.toggle("speaking", heard?.speaking === true);
}

function statusOf(tracks) {
  if (tracks.some(track => track.participant.consent === "denied")) return "not recorded";
  const there = tracks.filter(track => track.status !== "ended");
  if (there.length === 0) return trackWords.ended;
  return trackWords[(there.find(track => track.status === "flowing") ?? there[0]).status] ?? "";
}

function qualityOf({ packets_received: received, packets_lost: lost, packets_recovered: recovered, jitter_ms: jitter, gaps }) {
  if (received === 0) return "";
  const share = 100 * lost / (received + lost);
  const holes = gaps.filter(gap => gap.kind !== "pause" && gap.kind !== "consent").length;
  return [
    share < 0.05 ? "nothing lost" : `${share.toLocaleString(undefined, { maximumFractionDigits: 1 })} % lost`,
    recovered > 0 ? `${recovered === lost ? "all" : recovered} recovered` : "",
    `${jitter} ms jitter`,
    holes > 0 ? `${holes} ${holes === 1 ? "gap" : "gaps"}` : "",
  ].filter(part => part !== "").join(" · ");
}
