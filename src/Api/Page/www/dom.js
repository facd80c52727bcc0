// Elements without a framework. Text goes in as text, never as HTML: titles, names and captions are other people's words.

/**
 * An element: h("a.time", { href, on: { click } }, "0:12").
 * @param {string} what a tag with classes: "button.quiet.small"
 * @param {object} [props] attributes; `on` takes listeners; true writes an empty attribute, null and false none
 * @param {...(Node|string|number|null|false|Array)} children
 */
export function h(what, props = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

const shapes = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  stop: "M6 6h12v12H6z",
  back: "M12 5V1.5L6.5 6 12 10.5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z",
  ahead: "M12 5V1.5L17.5 6 12 10.5V7a6 6 0 1 0 6 6h2a8 8 0 1 1-8-8z",
  link: "M10.6 13.4a4 4 0 0 1 0-5.7l2.8-2.8a4 4 0 0 1 5.7 5.7l-1.5 1.5-1.4-1.4 1.5-1.5a2 2 0 1 0-2.9-2.9L12 9.1a2 2 0 0 0 0 2.9zm2.8-2.8a4 4 0 0 1 0 5.7l-2.8 2.8a4 4 0 0 1-5.7-5.7l1.5-1.5 1.4 1.4-1.5 1.5a2 2 0 1 0 2.9 2.9l2.8-2.8a2 2 0 0 0 0-2.9z",
  edit: "M4 16.5V20h3.5L18 9.5 14.5 6zM16 4.5l1.4-1.4a1 1 0 0 1 1.4 0l2.1 2.1a1 1 0 0 1 0 1.4L19.5 8z",
  download: "M11 4h2v8.2l3-3 1.4 1.4L12 16l-5.4-5.4L8 9.2l3 3zM5 18h14v2H5z",
};

/** A picture beside words, or inside a button that has a label. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

/** Says something in passing, to eyes and to screen readers. */
export function notify(text) {
  const place = document.getElementById("notice");
  place.textContent = text;
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => { place.textContent = ""; }, 5000);
}

/** Calls again and again until the view is left; not while nobody looks. */
export function every(milliseconds, signal, call) {
  const timer = setInterval(() => { if (!document.hidden) call(); }, milliseconds);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Without a secure context (plain HTTP on a local network) browsers have only the old way. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = h("textarea", { class: "unseen", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("The browser does not let this page copy.");
}

export const calmMotion = matchMedia("(prefers-reduced-motion: reduce)");
