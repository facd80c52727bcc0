import { h } from "../dom.js";
import { toMeetings } from "../router.js";

const statuses = [["", "Any status"], ["recording", "Recording"], ["processing", "Making files"], ["completed", "Completed"], ["failed", "Failed"]];

/** One field for titles and for what was said; the rest is behind "Filter". The address holds what is asked for. */
export function filterForm(asked, signal) {
  const field = (name, type, label) => h("p.field", {}, h("label", { for: `filter-${name}` }, label), h("input", { id: `filter-${name}`, name, type, value: asked[name] ?? "" }));
  const search = h("input", {
    id: "search", name: "q", type: "search", value: asked.q ?? "", placeholder: "Search titles and what was said", "aria-label": "Search titles and what was said", maxlength: 500,
  });
  const status = h("select", { id: "filter-status", name: "status" }, statuses.map(([value, text]) => h("option", { value, selected: value === (asked.status ?? "") }, text)));
  const inUse = ["status", "from", "to", "participant"].some(name => asked[name]);

  const go = event => {
    event?.preventDefault();
    location.hash = toMeetings(Object.fromEntries(new FormData(form)));
  };
  const form = h("form.search", { role: "search", on: { submit: go } },
    h("p.words-line", {}, search, h("button", { type: "submit" }, "Search")),
    h("details.filter", { open: inUse },
      h("summary", {}, "Filter"),
      h("div.fields", { on: { change: go } },
        h("p.field", {}, h("label", { for: "filter-status" }, "Status"), status),
        field("from", "date", "From"),
        field("to", "date", "To"),
        field("participant", "text", "Participant’s id"))));

  // The field's own cross empties the search.
  search.addEventListener("search", () => { if (search.value === "" && location.hash.includes("q=")) go(); }, { signal });
  addEventListener("hashchange", () => {
    const parameters = new URLSearchParams(location.hash.split("?")[1] ?? "");
    for (const input of form.elements) if (input.name && input !== document.activeElement) input.value = parameters.get(input.name) ?? "";
  }, { signal });
  return form;
}
