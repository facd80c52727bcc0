import { refusalOf } from "./api.js";

// Server-sent events (WHATWG HTML §9.2) by fetch: unlike EventSource it says why it was refused, notices a connection that died in a
// laptop's sleep, and gives the connection back while nobody looks: a browser has only six for one server.

const Silence = 45_000;          // three of the server's heart-beats
const Longest = 30_000;
const Unwatched = 20_000;        // a quick look at another tab costs no reconnection

/**
 * Follows a stream until its `end` or until the view is left.
 * @param {string} path
 * @param {object} to `event({type, data, id})`, `state("open" | "waiting" | "ended", milliseconds)`, `refused(Refused)`: it is not tried again
 * @param {AbortSignal} signal
 */
export async function follow(path, to, signal) {
  let last = "";
  let failures = 0;
  while (!signal.aborted) {
    await untilWatched(signal);
    if (signal.aborted) return;
    const connection = connect(signal);
    try {
      const headers = { Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last;
      const answer = await fetch(path, { headers, signal: connection.signal, cache: "no-store" });
      if (!answer.ok) {
        const refused = await refusalOf(answer);
        if (isForGood(refused.status)) return to.refused?.(refused);
        throw refused;
      }
      to.state?.("open");
      for await (const event of events(answer.body, connection.heard)) {
        failures = 0;
        if (event.id !== null) last = event.id;
        if (event.type === "end") return to.state?.("ended");
        to.event(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof DOMException || error instanceof TypeError || error.status)) throw error;   // a bug of ours, not the network's
    } finally {
      connection.close();
    }
    if (document.hidden) continue;
    const wait = Math.min(Longest, 500 * 2 ** failures++) * (0.75 + Math.random() / 2);
    to.state?.("waiting", wait);
    await pause(wait, signal);
  }
}

const isForGood = status => status === 501 || (status >= 400 && status < 500 && status !== 429);

/** One connection's life: ends with the view, with silence, and a while after the page is hidden. */
function connect(signal) {
  const own = new AbortController();
  let silence, unwatched;
  const close = () => own.abort();
  const heard = () => { clearTimeout(silence); silence = setTimeout(close, Silence); };
  const look = () => {
    clearTimeout(unwatched);
    if (document.hidden) unwatched = setTimeout(close, Unwatched);
  };
  own.signal.addEventListener("abort", () => {
    clearTimeout(silence);
    clearTimeout(unwatched);
    signal.removeEventListener("abort", close);
    document.removeEventListener("visibilitychange", look);
  });
  signal.addEventListener("abort", close);
  document.addEventListener("visibilitychange", look);
  heard();
  return { signal: own.signal, heard, close };
}

async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    yield* parser.push(value);
  }
}

/** Lines in, events out. Keeps what is not a whole line yet. */
export class EventParser {
  #rest = "";
  #type = "";
  #data = [];
  #id = null;

  *push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line !== "") this.#field(line);
      else if (this.#data.length > 0) yield this.#take();
      else this.#type = "";
    }
  }

  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;   // a comment: the heart-beat
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id") this.#id = value;
  }

  #take() {
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    this.#type = "";
    this.#data = [];
    return event;
  }
}

function untilWatched(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise(resolve => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
  });
}

/** Ends early when the network comes back or the view is left. */
function pause(milliseconds, signal) {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
