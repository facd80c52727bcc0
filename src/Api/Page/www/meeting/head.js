import { change, isViewer, meetingPath } from "../api.js";
import { confirm } from "../dialogs.js";
import { every, h, icon, notify } from "../dom.js";
import { ago, clock, dayOf, length, momentOf, people, timeOf, titleOf } from "../format.js";
import { share } from "./share.js";

const healthWords = {
  waiting: ["Waiting for sound", "Nothing has arrived yet."],
  flowing: ["Sound arrives", "Packets arrive and somebody speaks."],
  silent: ["Silent", "Packets arrive; nobody has spoken for a minute."],
  stalled: ["No packets", "Nothing has arrived for five seconds or more."],
  failing: ["Cannot be written", "The disk is full or broken. The meeting goes on when there is space again."],
};
const captionWords = { degraded: "Captions are coarse", deferred: "Captions come later", unavailable: "No captions: no speech model", off: "" };
const reasonWords = {
  requested: "", idle_timeout: "Ended after a long silence", max_duration: "Ended at its longest duration", source_ended: "Ended by its source", recovered: "Went on after an interruption",
};

/** Title, when it was, how it is, and what can be done to it. */
export function meetingHead(state, signal) {
  const title = h("h1", { id: "meeting-title" });
  const edit = h("button.quiet.icon-only", { type: "button", "aria-label": "Change the title", title: "Change the title", hidden: isViewer(), on: { click: () => editTitle(state, title, edit) } }, icon("edit"));
  const facts = h("p.facts");
  const badges = h("p.badges", { role: "status", "aria-label": "State" });
  const actions = h("p.actions", {});
  const elapsed = h("span.elapsed", { role: "timer", "aria-label": "Elapsed" });
  let shown = "";

  const draw = () => {
    const { meeting } = state;
    title.textContent = titleOf(meeting);
    facts.replaceChildren(...factsOf(meeting));
    const now = JSON.stringify([meeting.status, meeting.reason, meeting.paused, meeting.media_health, meeting.captions_status]);
    if (now === shown) return;   // a screen reader would read the same again, and a focused button would go
    shown = now;
    badges.replaceChildren(...badgesOf(meeting));
    actions.replaceChildren(...actionsOf(state, elapsed));
  };
  const beat = () => { elapsed.textContent = clock(Date.now() - new Date(state.meeting.started_at)); };
  draw();
  beat();
  state.onChange(signal, draw);
  every(1000, signal, beat);
  return h("header.meeting-head", {}, h("div", {}, h("div.title-line", {}, title, edit), facts, badges), actions);
}

function factsOf(meeting) {
  const started = new Date(meeting.started_at);
  const names = new Set(meeting.tracks.map(track => track.participant.id)).size;
  return [
    h("time", { datetime: meeting.started_at, title: momentOf(started) }, `${dayOf(started)}, ${timeOf(started)}`),
    h("span", {}, meeting.ended_at === null ? `began ${ago(started)}` : length(meeting.duration_ms)),
    names > 0 ? h("span", {}, people(names)) : null,
    meeting.external_id ? h("span", {}, meeting.external_id) : null,
  ].filter(fact => fact !== null);
}

function badgesOf(meeting) {
  const badges = [];
  const add = (kind, text, more) => { if (text) badges.push(h(`span.badge.${kind}`, { title: more }, text)); };
  if (meeting.status === "recording") {
    if (meeting.paused) add("paused", "Paused", "What is received now is not kept.");
    else {
      add("recording", "Recording");
      add(`health-${meeting.media_health}`, ...healthWords[meeting.media_health] ?? [meeting.media_health]);
    }
  }
  else if (meeting.status === "stopping") add("processing", "Stopping");
  else if (meeting.status === "processing") add("processing", "Making files");
  else if (meeting.status === "failed") add("failed", "Failed");
  if (meeting.status === "recording" || meeting.captions_status === "deferred") add("text", captionWords[meeting.captions_status]);
  if (meeting.reason) add("reason", reasonWords[meeting.reason] ?? meeting.reason);
  return badges;
}

function actionsOf(state, elapsed) {
  const running = state.meeting.status === "recording";
  if (isViewer()) return running ? [elapsed] : [];
  const link = button("Share", "link", () => share(state.meeting));
  if (!running) return [link];
  const pause = state.meeting.paused
    ? button("Resume", "play", () => act(state, "resume", "Recording goes on"))
    : button("Pause", "pause", () => act(state, "pause", "Paused: what is said now is not kept"));
  const stop = button("Stop", "stop", async () => {
    if (await confirm("Stop this recording?", "The meeting ends for good, and its files are made.", "Stop recording", "Go on recording")) await act(state, "stop", "Stopped");
  });
  return [elapsed, pause, stop, link];

  function button(text, picture, click) {
    const element = h("button", { type: "button", on: { click: async () => {
      element.disabled = true;
      try { await click(); } finally { element.disabled = false; }
    } } }, icon(picture), text);
    return element;
  }
}

async function act(state, verb, done) {
  try {
    const answer = await change("POST", meetingPath(state.meeting.id, verb));
    if (answer === undefined) return;
    notify(done);
    if (answer?.tracks) state.replace(answer);
    else await state.refresh();
  } catch (error) {
    notify(error.message);
  }
}

/** In place: Enter saves, Esc leaves it as it was. */
function editTitle(state, title, edit) {
  const field = h("input.title-field", { "aria-label": "Title", maxlength: 1000 });
  field.value = state.meeting.title;
  title.classList.add("unseen");   // still the page's heading
  edit.hidden = true;
  title.before(field);
  field.select();
  let saving = false;

  const close = () => {
    field.remove();
    title.classList.remove("unseen");
    edit.hidden = false;
    edit.focus();
  };
  const save = async () => {
    if (saving) return;
    saving = true;
    try {
      const answer = await change("PATCH", meetingPath(state.meeting.id), { title: field.value.trim() });
      if (answer) state.replace(answer);
      close();
    } catch (error) {
      notify(error.errors[0]?.message ? `The title ${error.errors[0].message}.` : error.message);
      saving = false;
    }
  };
  field.addEventListener("keydown", event => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter") save();
  });
  field.focus();
}
