import { meetingPath } from "../api.js";
import { h } from "../dom.js";
import { follow } from "../stream.js";
import { banner } from "../states.js";
import { CaptionBook } from "./caption-book.js";
import { CaptionList } from "./caption-list.js";
import { listenLive } from "./listen.js";
import { peoplePanel } from "./people.js";

/** A meeting that runs: what is said, as it is said, and how the people are heard. */
export async function liveMeeting(root, state, route, signal) {
  const list = new CaptionList(state.speakers, signal);
  const connection = h("p.connection", { role: "status" });
  const empty = h("div.empty");
  root.append(h("div.two", {},
    h("section.captions", { "aria-label": "Captions" }, empty, list.element, connection, list.newLines, list.announcer),
    h("aside", { "aria-label": "People" }, listenLive(state, signal), peoplePanel(state, signal))));

  const book = new CaptionBook();
  const drawEmpty = () => empty.replaceChildren(...book.size > 0 && state.meeting.status !== "stopping" ? [] : [emptyWords(state.meeting)]);
  drawEmpty();
  state.onChange(signal, drawEmpty);

  follow(meetingPath(state.meeting.id, "captions"), {
    event: ({ type, data }) => {
      if (type !== "caption") return;
      const caption = JSON.parse(data);
      const change = book.take(caption);
      if (change === null) return;
      state.speakers.know(caption.participant);
      const fresh = caption.end_ms > Date.now() - new Date(state.meeting.started_at) - 60_000;
      list.apply(change, fresh);
      if (empty.firstChild) drawEmpty();
    },
    state: (what, wait) => {
      connection.textContent = what === "waiting" && wait > 900 ? "The connection is gone. Trying again…" : "";
      if (what === "open") for (const change of book.forgetOpen()) list.apply(change, false);
      if (what === "ended") state.refresh().catch(() => { /* the events tell, too */ });
    },
    refused: error => { connection.textContent = error.missing ? "" : error.message; },
  }, signal);
}

function emptyWords(meeting) {
  if (meeting.status === "stopping") return banner("plain", "The recording has ended. Its files are being made.");
  if (meeting.paused) return h("p.hint", {}, "Paused. Nothing that is said now is kept.");
  if (meeting.captions_status === "off" || !meeting.captions) return h("p.hint", {}, "This meeting is recorded without captions.");
  if (meeting.captions_status === "unavailable")
    return h("p.hint", {}, "This server has no speech model: the meeting is recorded, and its text is made once there is one.");
  if (meeting.captions_status === "deferred") return h("p.hint", {}, "The speech engine is away. The meeting is recorded, and its text comes later.");
  if (meeting.media_health === "waiting")
    return h("p.hint", {}, "Waiting for sound. RTP of this meeting goes to ", h("code", {}, `${meeting.ingest.host}:${meeting.ingest.port}`), ".");
  return h("p.hint", {}, "Listening. What is said appears here.");
}
