import { h } from "../dom.js";
import { ago, clock, dayOf, length, momentOf, timeOf, titleOf } from "../format.js";
import { toMeeting } from "../router.js";

const statusWords = { recording: "Recording", stopping: "Stopping", processing: "Making files", completed: "", failed: "Failed" };

export const daySection = (title, meetings) => h("section.day", { "aria-label": title }, h("h2", {}, title), h("ul", {}, meetings.map(row)));

/** Goes on with the last day that is there. @param {object[]} meetings newest first */
export function rowsByDay(place, meetings) {
  let last = place.lastElementChild;
  for (const meeting of meetings) {
    const day = dayOf(new Date(meeting.started_at));
    if (last?.getAttribute("aria-label") !== day) {
      last = daySection(day, []);
      place.append(last);
    }
    last.querySelector("ul").append(row(meeting));
  }
}

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
