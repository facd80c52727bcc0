import { get, getIfThere, query } from "../api.js";
import { every, h } from "../dom.js";
import { ago, clock, dayOf, length, momentOf, timeOf, titleOf } from "../format.js";
import { toMeeting, toMeetings } from "../router.js";
import { brokenState, loading } from "../states.js";
import { filterForm } from "./meeting-filter.js";
import { foundList } from "./found.js";

const AtATime = 50;
const statusWords = { recording: "Recording", stopping: "Stopping", processing: "Making files", completed: "", failed: "Failed" };

/** Meetings by day, the running ones first; with words to look for, also where they were said. */
export async function meetingsView(root, route, signal) {
  const asked = Object.fromEntries(route.parameters);
  const list = h("div.results", {}, loading("meetings"));
  root.append(h("h1.unseen", {}, "Meetings"), filterForm(asked, signal), list);
  await fill(list, asked, signal);

  return async next => {
    const wanted = Object.fromEntries(next.parameters);
    Object.assign(asked, { q: "", status: "", participant: "", from: "", to: "" }, wanted);
    list.setAttribute("aria-busy", "true");
    try { await fill(list, asked, signal); }
    catch (error) { if (error.name !== "AbortError") list.replaceChildren(brokenState(error, () => location.reload())); }
    finally { list.removeAttribute("aria-busy"); }
  };
}

async function fill(list, asked, signal) {
  const filter = filterOf(asked);
  const [page, running, found] = await Promise.all([
    get(`/v1/meetings${query({ ...filter, limit: AtATime })}`, signal),
    filter.status ? { data: [] } : get(`/v1/meetings${query({ ...filter, status: "recording", limit: 200 })}`, signal),
    asked.q ? search(asked, filter, signal) : null,
  ]);
  if (asked.status !== (filter.status ?? "") && asked.status) return;
  const filtered = Object.values(filter).some(value => value);
  list.replaceChildren();
  if (found) list.append(foundList(found, asked, signal));
  if (page.data.length === 0 && running.data.length === 0) {
    list.append(filtered ? nothingFound(found) : firstMeeting());
    return;
  }
  if (running.data.length > 0) list.append(section("Now", running.data));
  const past = h("div");
  list.append(past);
  addPage(past, page, filter, signal, !filter.status);
  tick(list, signal);
  watch(list, asked, running.data.map(meeting => meeting.id).join(), filter, signal);
}

/** Days in the reader's own zone: from its first moment to its last. */
function filterOf({ q, status, participant, from, to }) {
  return {
    q, status, participant,
    from: from ? new Date(`${from}T00:00:00`).toISOString() : "",
    to: to ? new Date(`${to}T23:59:59.999`).toISOString() : "",
  };
}

async function search(asked, filter, signal) {
  try {
    return await getIfThere(`/v1/search${query({ q: asked.q, participant: filter.participant, from: filter.from, to: filter.to, limit: 20 })}`, signal);
  } catch (error) {
    if (error.status === 422) return { data: [], refused: error };
    if (error.status === 403) return null;
    throw error;
  }
}

function addPage(place, page, filter, signal, withoutRunning) {
  let last = place.lastElementChild;
  for (const meeting of page.data) {
    if (withoutRunning && meeting.status === "recording") continue;
    const day = dayOf(new Date(meeting.started_at));
    if (last?.dataset.day !== day) {
      last = section(day, []);
      last.dataset.day = day;
      place.append(last);
    }
    last.querySelector("ul").append(row(meeting));
  }
  if (page.next_cursor === null) return;
  const more = h("button.quiet.more", { type: "button", on: { click: async () => {
    more.disabled = true;
    try {
      const next = await get(`/v1/meetings${query({ ...filter, limit: AtATime, cursor: page.next_cursor })}`, signal);
      more.remove();
      addPage(place, next, filter, signal, withoutRunning);
    } catch (error) {
      if (error.name !== "AbortError") more.textContent = `${error.message} Try again`;
      more.disabled = false;
    }
  } } }, "Earlier meetings");
  place.append(more);
}

const section = (title, meetings) => h("section.day", { "aria-label": title }, h("h2", {}, title), h("ul", {}, meetings.map(row)));

function row(meeting) {
  const started = new Date(meeting.started_at);
  const live = meeting.status === "recording";
  const words = [
    meeting.paused ? "Paused" : statusWords[meeting.status] ?? meeting.status,
    meeting.captions_status === "deferred" && !live ? "text follows" : "",
  ].filter(word => word !== "").join(", ");
  return h(`li.meeting-row${live ? ".live" : ""}`, {},
    h("a", { href: toMeeting(meeting.id) },
      h("span.title", {}, titleOf(meeting)),
      h("span.facts", {},
        words === "" ? null : h(`span.badge.${meeting.paused ? "paused" : meeting.status}`, {}, words),
        h("time", { datetime: meeting.started_at, title: momentOf(started) }, timeOf(started)),
        live
          ? h("span.length", { "data-since": meeting.started_at }, clock(Date.now() - started))
          : h("span.length", {}, meeting.ended_at === null ? ago(started) : length(meeting.duration_ms)))));
}

/** Running times run. */
function tick(list, signal) {
  if (list.dataset.ticks) return;
  list.dataset.ticks = "yes";
  every(1000, signal, () => {
    for (const place of list.querySelectorAll("[data-since]")) place.textContent = clock(Date.now() - new Date(place.dataset.since));
  });
}

/** A meeting that begins or ends changes the list; anything else can wait until it is opened. */
function watch(list, asked, known, filter, signal) {
  list.dataset.running = known;
  if (list.dataset.watched || filter.status) return;
  list.dataset.watched = "yes";
  every(10_000, signal, async () => {
    try {
      const running = await get(`/v1/meetings${query({ ...filterOf(asked), status: "recording", limit: 200 })}`, signal);
      if (!asked.status && running.data.map(meeting => meeting.id).join() !== list.dataset.running && list.querySelectorAll(".more").length <= 1)
        await fill(list, asked, signal);
    } catch { /* the list that is there stays; the next time will do */ }
  });
}

const nothingFound = found => found?.data.length > 0 ? h("p.hint", {}, "No title has these words.") : h("section.state", {},
  h("h2", {}, "Nothing found"),
  h("p", {}, "No meeting matches. ", h("a", { href: toMeetings() }, "Show all meetings")));

function firstMeeting() {
  const command = [
    `curl -X POST ${location.origin}/v1/meetings \\`,
    "  -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \\",
    "  -d '{\"title\":\"Weekly sync\",\"tracks\":[{\"participant\":{\"id\":\"alice\",\"name\":\"Alice\"},\"payload_type\":111}]}'",
  ].join("\n");
  return h("section.state.first", {},
    h("h2", {}, "No meetings yet"),
    h("p", {}, "A meeting begins when a platform asks for it. This starts one that records what is sent to its port:"),
    h("pre", { tabindex: "0" }, h("code", {}, command)),
    h("p", {}, "It appears here at once. ", h("a", { href: "/docs" }, "The API's reference"), " tells the rest."));
}
