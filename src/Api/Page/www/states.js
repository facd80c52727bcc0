import { h } from "./dom.js";

// What is shown instead of a thing that is not there: what happened, and what can be done.

const told = {
  0: ["The server is away", "It does not answer. It may be restarting: recordings that were running go on by themselves."],
  403: ["Not for this key", "The key or link you came with may not see this."],
  404: ["Not found", "There is no such meeting here, or it belongs to somebody else."],
  410: ["Erased", "This meeting was erased."],
};

/** @param {Error} error @param {() => void} again */
export function brokenState(error, again) {
  const [title, text] = told[error.status] ?? ["That did not work", error.message];
  return h("section.state", { role: "alert" },
    h("h1", {}, title),
    h("p", {}, text),
    h("p.actions", {},
      error.status === 404 || error.status === 410 ? null : h("button", { type: "button", on: { click: again } }, "Try again"),
      h("a.button.quiet", { href: "#/" }, "All meetings")));
}

/** While the first answer is on its way; nothing at all when it comes quickly (see the style). */
export const loading = what => h("p.loading", { role: "status" }, `Loading ${what}…`);

/** One calm sentence above a meeting. @param {"plain"|"warn"|"bad"} tone */
export const banner = (tone, ...words) => h(`p.banner.${tone}`, { role: "status" }, ...words);
