import { get, meetingPath } from "../api.js";
import { every, h } from "../dom.js";
import { titleOf } from "../format.js";
import { follow } from "../stream.js";
import { Speakers } from "../speakers.js";
import { brokenState, loading } from "../states.js";
import { meetingHead } from "../meeting/head.js";
import { liveMeeting } from "../meeting/live.js";
import { finishedMeeting } from "../meeting/finished.js";

/** What a part of the page may know: the meeting as it is now, and when it becomes another. */
class MeetingState extends EventTarget {
  speakers = new Speakers();
  #signal;
  #writing = 0;

  constructor(meeting, signal) {
    super();
    this.#signal = signal;
    this.#take(meeting);
  }

  get running() { return this.meeting.status === "recording" || this.meeting.status === "stopping"; }
  get settled() { return this.meeting.status === "completed" || this.meeting.status === "failed"; }

  async refresh() {
    this.replace(await get(meetingPath(this.meeting.id), this.#signal));
  }

  /** An answer to a change is the meeting too. */
  replace(meeting) {
    this.#take(meeting);
    this.dispatchEvent(new Event("change"));
  }

  /** Somebody is writing: what they write in must stay. */
  get writing() { return this.#writing > 0; }

  /** What changes while somebody writes is shown when they are done. @param {() => Promise} work */
  async whileWriting(work) {
    this.#writing++;
    try {
      return await work();
    } finally {
      this.#writing--;
      queueMicrotask(() => this.dispatchEvent(new Event("change")));   // after whoever waits for what was written
    }
  }

  /** @param {AbortSignal} signal */
  onChange(signal, call) { this.addEventListener("change", call, { signal }); }

  #take(meeting) {
    this.meeting = meeting;
    for (const track of meeting.tracks) this.speakers.know(track.participant);
  }
}

/** One meeting: while it runs, and afterwards. The page goes from the one to the other by itself. */
export async function meetingView(root, route, signal) {
  root.append(loading("the meeting"));
  const state = new MeetingState(await get(meetingPath(route.path[1]), signal), signal);
  const body = h("div.meeting-body");
  root.replaceChildren(meetingHead(state, signal), body);

  let part = null;   // { kind, leave, update }
  async function show() {
    document.title = `${titleOf(state.meeting)} · Pipeline`;
    const kind = state.running ? "live" : `${state.meeting.status} ${state.meeting.captions_status}`;
    if (part?.kind === kind || state.writing) return;
    part?.leave.abort();
    const leave = new AbortController();
    const mine = part = { kind, leave, update: null };
    const fresh = h("div");
    const view = state.running ? liveMeeting : finishedMeeting;
    body.replaceChildren(fresh);
    try {
      mine.update = await view(fresh, state, route, AbortSignal.any([signal, leave.signal]));
    } catch (error) {
      if (leave.signal.aborted || signal.aborted || error.status === 401) return;   // signed-out was told: the sign-in is there already
      leave.abort();
      fresh.replaceChildren(brokenState(error, () => { part = null; show(); }));
      if (error.status === undefined) throw error;   // our own mistake
    }
  }

  state.onChange(signal, show);
  await show();
  keepFresh(state, signal);
  return next => { route = next; part?.update?.(next); };
}

/** Events tell of every change; a server without them is asked now and then. */
function keepFresh(state, signal) {
  if (state.settled && state.meeting.captions_status !== "deferred") return;
  let due = null;
  const soon = () => {
    due ??= setTimeout(() => {
      due = null;
      if (!signal.aborted) state.refresh().catch(ignoreAbsence);
    }, 250);
  };
  const over = new AbortController();
  signal.addEventListener("abort", () => over.abort());
  let pace = 15_000;
  follow(meetingPath(state.meeting.id, "events"), {
    event: ({ type, data }) => { if (type !== "caption.final" && !data.includes("\"type\":\"caption.final\"")) soon(); },
    state: what => { if (what === "ended") soon(); },
    refused: () => { pace = 4_000; },
  }, over.signal);

  let asked = Date.now();
  every(1000, signal, () => {
    if (Date.now() - asked < pace || (state.settled && state.meeting.captions_status !== "deferred")) return;
    asked = Date.now();
    soon();
  });
}

/** The server may be restarting: what is shown stays, and the next time will do. */
function ignoreAbsence(error) { if (error.name !== "AbortError" && error.status === undefined) throw error; }
