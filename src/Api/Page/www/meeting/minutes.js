import { get, meetingPath, query, Refused } from "../api.js";
import { h } from "../dom.js";
import { clock, dueDay, length } from "../format.js";
import { toMeeting } from "../router.js";

const Soonest = 3_000, Latest = 60_000;

/**
 * What the meeting came to; every claim leads to where it was said.
 * `loaded`: what there is now is shown; nothing moves any more.
 * @param {{show: (place: object) => void, topics: (topics: object[]) => void}} to
 */
export function minutesPanel(state, to, signal) {
  const place = h("div.minutes");
  if (!state.meeting.minutes) return { element: place, loaded: Promise.resolve() };

  let shown = false;
  const load = async () => {
    try {
      const minutes = await get(meetingPath(state.meeting.id, "minutes?format=json"), signal);
      draw(place, minutes, state, to);
      shown = true;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      if (error.status === 409) notYet(error);
      else if (shown) return;   // those of a moment ago are better than none
      else if (!error.missing && error.status !== 403) place.replaceChildren(h("p.hint", {}, `The minutes cannot be shown: ${error.message}`));
    }
  };
  const notYet = error => {
    if (!shown) place.replaceChildren(h("details.panel", { open: true }, h("summary", {}, h("h2", {}, "Minutes")), h("p.hint", {}, "They come when the text is whole.")));
    const wait = Math.min(Latest, Math.max(Soonest, 1000 * (error.retryAfter ?? 10)));
    const timer = setTimeout(load, wait);
    signal.addEventListener("abort", () => clearTimeout(timer));
  };
  state.addEventListener("corrected", load, { signal });   // they say what was corrected, too
  return { element: place, loaded: load() };
}

function draw(place, minutes, state, to) {
  const { speakers } = state;
  for (const person of minutes.participants) speakers.know(person);
  to.topics(minutes.topics);
  const wide = matchMedia("(min-width: 60rem)").matches;
  const before = new Map([...place.querySelectorAll("details")].map(panel => [panel.id, panel.open]));
  const panel = (id, title, content, open = wide) =>
    content && h("details.panel", { id, open: before.get(id) ?? open }, h("summary", {}, h("h2", {}, title)), content);
  const claims = (list, more = () => null) => list.length > 0 && h("ul.claims", {}, list.map(claim =>
    h("li", {}, claim.text, " ", claim.evidence.map(at), more(claim))));
  const at = evidence => jump(evidence, h("a.evidence", {}, h("span.unseen", {}, "said at "), clock(evidence.start_ms)));
  const jump = (to_, link) => {
    link.href = toMeeting(state.meeting.id, to_.start_ms);
    link.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      to.show(to_);
    });
    return link;
  };

  const task = ({ owner, due, due_text }) => (owner || due || due_text) && h("p.facts", {},
    owner && h(`span.owner.${speakers.colour(owner)}`, {}, speakers.name(owner)),
    due ? h("time", { datetime: due, title: due_text }, `by ${dueDay(due)}`) : due_text && h("span", {}, due_text));
  const longest = Math.max(1, ...minutes.participants.map(person => person.talk_ms));

  place.replaceChildren(...[
    panel("summary", "Summary", claims(minutes.summary), true),
    panel("decisions", "Decisions", claims(minutes.decisions), true),
    panel("actions", "To do", claims(minutes.action_items, task), true),
    panel("questions", "Open questions", claims(minutes.open_questions)),
    panel("chapters", "Chapters", minutes.topics.length > 1 && h("ol.chapters", {}, minutes.topics.map(topic =>
      h("li", {}, jump(topic, h("a", {}, h("span", {}, topic.title), h("span.length", {}, clock(topic.start_ms)))))))),
    panel("talk", "Who spoke", minutes.participants.length > 0 && h("ul.talk", {}, minutes.participants.map(person => talk(person, speakers, longest)))),
    minutes.note && h("p.hint", {}, minutes.note),
    h("p.formats", {}, h("span", {}, "Minutes"), Object.entries({ md: "Markdown", html: "HTML", json: "JSON" }).map(([format, label]) =>
      h("a", { href: meetingPath(state.meeting.id, "minutes") + query({ format }), download: `minutes.${format}` }, label))),
  ].filter(part => part));
}

function talk({ id, talk_ms, words, turns }, speakers, longest) {
  const bar = h("span.bar", { "aria-hidden": "true" }, h("span"));
  bar.style.setProperty("--level", (talk_ms / longest).toFixed(3));
  return h(`li.${speakers.colour(id)}`, {}, h("span.name", {}, speakers.name(id)), bar,
    h("span.facts", {}, turns === 0 && talk_ms === 0 ? "said nothing"
      : [h("span", {}, length(talk_ms)), h("span", {}, `${words} words`), h("span", {}, turns === 1 ? "once" : `${turns} times`)]));
}
