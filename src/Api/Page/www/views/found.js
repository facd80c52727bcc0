import { get, query } from "../api.js";
import { h } from "../dom.js";
import { clock, dayOf } from "../format.js";
import { toMeeting } from "../router.js";

/** Where words were said: each leads to its moment. */
export function foundList(found, asked, signal) {
  if (found.refused) return h("p.field-error", { role: "alert" }, found.refused.errors[0]?.message ?? found.refused.message);
  if (found.data.length === 0) return h("p.hint", {}, "Nobody said this.");
  const list = h("ul");
  const more = h("button.quiet.more", { type: "button", hidden: true }, "More");
  let cursor = null;
  const add = page => {
    list.append(...page.data.map(hit));
    cursor = page.next_cursor ?? null;
    more.hidden = cursor === null;
  };
  more.addEventListener("click", async () => {
    more.disabled = true;
    try { add(await get(`/v1/search${query({ ...asked, cursor, limit: 20 })}`, signal)); }
    catch (error) { if (error.name !== "AbortError") more.textContent = error.message; }
    more.disabled = false;
  });
  add(found);
  return h("section.day.found", { "aria-label": "What was said" }, h("h2", {}, "What was said"), list, more);
}

function hit({ meeting_id, title, started_at, participant, start_ms, snippet }) {
  return h("li", {},
    h("a", { href: toMeeting(meeting_id, start_ms) },
      h("span.quote", {}, marked(snippet)),
      h("span.facts", {},
        h("span", {}, participant?.name ?? participant ?? ""),
        h("span", {}, title || "Untitled meeting"),
        h("span", {}, dayOf(new Date(started_at))),
        h("span.length", {}, clock(start_ms)))));
}

const entities = { "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'", "&#x27;": "'", "&amp;": "&" };

/** A snippet is escaped text with `<mark>` around the hits: read as exactly that, and everything else as words. */
export function marked(snippet) {
  const plain = text => text.replace(/&(?:lt|gt|quot|amp|#39|#x27);/g, entity => entities[entity]);
  return snippet.split(/(<mark>.*?<\/mark>)/s).filter(part => part !== "").map(part =>
    part.startsWith("<mark>") ? h("mark", {}, plain(part.slice(6, -7))) : plain(part));
}
