import { h } from "./dom.js";

/**
 * Asks for an API key where it is needed.
 * @param {string} why what was wrong with the last one; empty the first time
 * @returns {Promise<string|null>} null: the reader does not want to
 */
export function askForKey(why) {
  return new Promise(resolve => {
    const field = h("input", { id: "key-field", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "key-why" });
    const form = h("form", { method: "dialog", on: { submit: event => { event.preventDefault(); dialog.close(field.value.trim()); } } },
      h("h2", { id: "key-title" }, "An API key, please"),
      h("p", { id: "key-why" }, why || "You are signed in to read. What changes a meeting needs a key with the scope meetings:write. It stays in this tab's memory and is gone when you leave."),
      h("label", { for: "key-field" }, "API key"),
      field,
      h("p.actions", {},
        h("button.primary", { type: "submit" }, "Continue"),
        h("button.quiet", { type: "button", on: { click: () => dialog.close("") } }, "Cancel")));
    const dialog = h("dialog", { "aria-labelledby": "key-title", on: { close: () => { dialog.remove(); resolve(dialog.returnValue || null); } } }, form);
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}

/** @returns {Promise<boolean>} */
export function confirm(title, text, yes, no) {
  return new Promise(resolve => {
    const dialog = h("dialog", { "aria-labelledby": "confirm-title", on: { close: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } } },
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, text),
      h("p.actions", {},
        h("button.primary", { type: "button", on: { click: () => dialog.close("yes") } }, yes),
        h("button.quiet", { type: "button", on: { click: () => dialog.close("") } }, no)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
