import { h } from "./dom.js";

/**
 * A window over the page, with the keys to itself until it is closed.
 * @param {(place: HTMLElement, close: (answer: string) => void) => void} fill
 * @returns {Promise<string>} what it was closed with; empty when it was left
 */
export function openDialog(title, fill) {
  return new Promise(resolve => {
    const place = h("div");
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", on: { close: () => { dialog.remove(); resolve(dialog.returnValue); } } }, heading, place);
    fill(place, answer => dialog.close(typeof answer === "string" ? answer : ""));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Asks for an API key where it is needed.
 * @param {string} why what was wrong with the last one; empty the first time
 * @returns {Promise<string|null>} null: the reader does not want to
 */
export async function askForKey(why) {
  return await openDialog("An API key, please", (place, close) => {
    const field = h("input", { id: "key-field", type: "password", autocomplete: "off", spellcheck: "false", required: true, autofocus: true, "aria-describedby": "key-why" });
    place.append(h("form", { on: { submit: event => { event.preventDefault(); close(field.value.trim()); } } },
      h("p", { id: "key-why", role: why ? "alert" : null },
        why || "You are signed in to read. What changes a meeting needs a key with the scope meetings:write. It stays in this tab's memory and is gone when you leave."),
      h("label", { for: "key-field" }, "API key"),
      field,
      h("p.actions", {}, h("button.primary", { type: "submit" }, "Continue"), h("button.quiet", { type: "button", on: { click: close } }, "Cancel"))));
  }) || null;
}

/** @returns {Promise<boolean>} */
export async function confirm(title, text, yes, no) {
  return await openDialog(title, (place, close) => place.append(
    h("p", {}, text),
    h("p.actions", {},
      h("button.primary", { type: "button", on: { click: () => close("yes") } }, yes),
      h("button.quiet", { type: "button", on: { click: close } }, no)))) === "yes";
}
