// Where one is, in the address's fragment: #/meetings/{id}?t=83.4

/** @returns {{path: string[], parameters: URLSearchParams}} */
export function parse(fragment) {
  const [path, parameters = ""] = fragment.replace(/^#\/?/, "").split("?", 2);
  return { path: path.split("/").filter(part => part !== "").map(decoded), parameters: new URLSearchParams(parameters) };
}

export const toMeetings = (parameters = {}) => {
  const text = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value)).toString();
  return `#/${text ? `?${text}` : ""}`;
};

/** @param {number} [milliseconds] a moment of it */
export const toMeeting = (id, milliseconds) =>
  `#/meetings/${encodeURIComponent(id)}${milliseconds === undefined ? "" : `?t=${(milliseconds / 1000).toFixed(1)}`}`;

/** The moment a route names, in milliseconds; null: none. */
export function momentOf(route) {
  const seconds = Number.parseFloat(route.parameters.get("t"));
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/**
 * Takes a viewer's token out of the address, where it would stay in the history and be copied along.
 * `#token=…`, `#/?token=…` and `#/meetings/{id}?token=…` are all understood.
 */
export function takeToken() {
  const text = location.hash.startsWith("#token=") ? `#/?${location.hash.slice(1)}` : location.hash;
  const { path, parameters } = parse(text);
  const token = parameters.get("token");
  if (token === null) return null;
  parameters.delete("token");
  const rest = parameters.toString();
  history.replaceState(null, "", `${location.pathname}#/${path.map(encodeURIComponent).join("/")}${rest ? `?${rest}` : ""}`);
  return token;
}

function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}
