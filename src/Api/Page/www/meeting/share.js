import { change, meetingPath } from "../api.js";
import { openDialog } from "../dialogs.js";
import { copy, h, notify } from "../dom.js";
import { momentOf } from "../format.js";

const Hour = 3600, Day = 24 * Hour;
const lifetimes = { "1 hour": Hour, "1 day": Day, "7 days": 7 * Day, "30 days": 30 * Day };

/** Makes a link that opens this meeting, and only this one, to somebody without a key. It is shown once: the server does not keep it. */
export function share(meeting) {
  return openDialog("Share this meeting", (place, close) => {
    const lifetime = h("select", { id: "share-lifetime" }, Object.entries(lifetimes).map(([text, seconds]) => h("option", { value: seconds, selected: seconds === 7 * Day }, text)));
    const problem = h("p.field-error", { role: "alert" });
    const make = h("button.primary", { type: "submit" }, "Make the link");
    place.append(h("form", { on: { submit: async event => {
      event.preventDefault();
      make.disabled = true;
      problem.textContent = "";
      try {
        const made = await change("POST", meetingPath(meeting.id, "viewer_tokens"), { expires_s: Number(lifetime.value) });
        if (made) place.replaceChildren(...linkParts(made, close));
      } catch (error) {
        problem.textContent = error.message;
      } finally {
        make.disabled = false;
      }
    } } },
    h("p", {}, "Whoever has the link can see and hear this meeting, and change nothing."),
    h("label", { for: "share-lifetime" }, "It works for"), lifetime, problem,
    h("p.actions", {}, make, h("button.quiet", { type: "button", on: { click: close } }, "Cancel"))));
  });
}

function linkParts({ url, expires_at }, close) {
  const field = h("input", { id: "share-link", readonly: true, on: { focus: () => field.select() } });
  field.value = url;
  const take = h("button.primary", { type: "button", on: { click: async () => {
    try {
      await copy(url);
      notify("Link copied");
      close();
    } catch (error) { notify(error.message); }
  } } }, "Copy");
  queueMicrotask(() => take.focus());
  return [
    h("p", { role: "status" }, `It works until ${momentOf(new Date(expires_at))}. It is shown only now.`),
    h("label", { for: "share-link" }, "Link"), field,
    h("p.actions", {}, take, h("button.quiet", { type: "button", on: { click: close } }, "Done")),
  ];
}
