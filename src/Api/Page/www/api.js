// The server, as this page talks to it. Reading is by cookie; what changes something is by API key, which lives in this module's memory only.

/** A refusal (RFC 9457), or no answer at all (status 0). */
export class Refused extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail || problem.title || (status === 0 ? "The server does not answer." : `The server answered ${status}.`));
    this.status = status;
    this.code = problem.code ?? "";
    this.errors = problem.errors ?? [];
    /** Seconds; null: asking again is no use. */
    this.retryAfter = retryAfter;
  }

  /** A part of the API that this server does not have is left out, not shown as broken. */
  get missing() { return this.status === 501 || this.status === 404 || this.status === 405; }
}

let key = null;
let viewer = false;
let askForKey = async () => null;

/** @param {(why: string) => Promise<string|null>} ask null: the reader does not want to */
export function onKeyNeeded(ask) { askForKey = ask; }

export function forgetKey() { key = null; }

/** Whoever came with a viewer's link has no key to be asked for: what changes a meeting is not offered. */
export const isViewer = () => viewer;

export async function refusalOf(answer) {
  let problem = {};
  try { problem = await answer.json(); } catch { /* a proxy's page, say */ }
  const wait = Number.parseInt(answer.headers.get("Retry-After"), 10);
  return new Refused(answer.status, problem, Number.isNaN(wait) ? null : wait);
}

async function send(method, path, { body, type = "application/json", bearer, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type;
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  let answer;
  try {
    answer = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0);
  }
  if (!answer.ok) {
    const refused = await refusalOf(answer);
    if (refused.status === 401 && !bearer) dispatchEvent(new Event("signed-out"));
    throw refused;
  }
  return answer.status === 204 || answer.headers.get("Content-Length") === "0" ? null : answer.json();
}

/** @returns {Promise<object>} what was asked for. @throws {Refused} */
export const get = (path, signal) => send("GET", path, { signal });

/** The same, or null where the server does not have it. */
export async function getIfThere(path, signal) {
  try {
    return await get(path, signal);
  } catch (error) {
    if (error instanceof Refused && error.missing) return null;
    throw error;
  }
}

/**
 * Changes something; asks for a key in place when there is none, or not the right one.
 * @returns {Promise<object|null|undefined>} undefined: the reader changed their mind. @throws {Refused}
 */
export async function change(method, path, body) {
  let why = "";
  for (;;) {
    const fresh = key === null;
    const used = key ?? await askForKey(why);
    if (used === null) return undefined;
    try {
      const answer = await send(method, path, { body, bearer: used });
      key = used;
      return answer;
    } catch (error) {
      if (error.status !== 401 && error.status !== 403) throw error;
      key = null;
      why = error.status === 401 ? (fresh ? "The server does not know that key." : "The key is no longer valid.") : error.message;
    }
  }
}

/** Who the cookie says one is; null: nobody. */
export async function session(signal) {
  try {
    return known(await send("GET", "/v1/session", { signal, bearer: null }));
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

/** @param {string} token an API key, or a viewer's token. @returns {Promise<object>} the session */
export async function signIn(token) {
  const made = known(await send("POST", "/v1/session", { body: { token } }));
  key = viewer ? null : token;
  return made;
}

function known(session) {
  viewer = Boolean(session?.meeting);
  return session;
}

export async function signOut() {
  forgetKey();
  await send("DELETE", "/v1/session");
}

/** A path of one meeting: meeting("mtg_1", "quality"). */
export const meetingPath = (id, ...rest) => ["/v1/meetings", encodeURIComponent(id), ...rest].join("/");

/** Parameters that are empty are left out. */
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
