import { change, meetingPath } from "../api.js";
import { h } from "../dom.js";

/**
 * Corrects a segment where it stands: Enter saves, Esc leaves it as it was.
 * @param {HTMLElement} words what is written now; it comes back when nothing is saved
 * @returns {Promise<object|null>} the segment as the server has it now; null: nothing was changed
 */
export function correct(meeting, segment, words) {
  return new Promise(resolve => {
    const field = h("textarea", { "aria-label": "Corrected text", rows: 1, maxlength: 10_000, "aria-describedby": "correction-hint" });
    const problem = h("p.field-error", { role: "alert" });
    const form = h("form.correction", { on: { submit: event => { event.preventDefault(); save(); } } },
      field, problem,
      h("p.actions", {}, h("button.primary", { type: "submit" }, "Save"), h("button.quiet", { type: "button", on: { click: () => close(null) } }, "Cancel"),
        h("span.hint", { id: "correction-hint" }, "Enter saves, Esc cancels. What was heard is kept beside it.")));
    field.value = segment.text;
    words.replaceWith(form);
    const grow = () => { field.style.setProperty("height", "auto"); field.style.setProperty("height", `${field.scrollHeight}px`); };
    field.addEventListener("input", grow);
    field.addEventListener("keydown", event => {
      if (event.key === "Escape") { event.stopPropagation(); close(null); }
      else if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); save(); }
    });
    grow();
    field.focus();

    let saving = false;
    async function save() {
      const text = field.value.replace(/\s+/g, " ").trim();
      if (saving) return;
      if (text === segment.text) return close(null);
      saving = true;
      problem.textContent = "";
      try {
        const saved = await change("PATCH", meetingPath(meeting, "transcript", "segments", encodeURIComponent(segment.id)), { text });
        if (saved) return close(saved);
      } catch (error) {
        problem.textContent = error.errors[0]?.message ? `The text ${error.errors[0].message}.` : error.message;
      }
      saving = false;
      field.focus();
    }

    function close(saved) {
      form.replaceWith(words);
      resolve(saved);
    }
  });
}
