import { isViewer } from "../api.js";
import { calmMotion, copy, h, icon, notify } from "../dom.js";
import { clock } from "../format.js";
import { toMeeting } from "../router.js";
import { correct } from "./correction.js";
import { FindBar } from "./find.js";
import { mark, unmark } from "./marks.js";
import { caretAt, wordAt, wordRanges } from "./words.js";

/**
 * What was said, by who said it. The words stay plain text, thousands of lines long: a click finds its word by where it is in the text, and
 * the word that is being said is marked by a highlight (CSS Custom Highlight API), so nothing is added to the page for either.
 */
export class Transcript {
  #state; #segments; #player; #lines = new Map(); #now = new Set(); #following = true; #tools; #shown = null;
  #follow = h("button.follow.quiet", { type: "button", hidden: true, on: { click: () => this.#setFollowing(true) } }, "Follow along");

  constructor(state, segments, player, signal) {
    this.#state = state;
    this.#segments = segments;
    this.#player = player;
    this.#tools = this.#makeTools();
    const lines = h(state.meeting.duration_ms < 3_600_000 ? "div.lines" : "div.lines.hours", { id: "transcript" }, this.#turns());
    this.find = new FindBar(segments, segment => this.#textOf(segment), segment => this.#bring(segment), signal);
    this.element = h("section.transcript", { "aria-labelledby": "transcript-title" },
      h("header", {}, h("h2", { id: "transcript-title" }, "Transcript"), segments.length > 0 ? this.find.element : ""),
      segments.length > 0 ? lines : h("p.hint", {}, nothingSaid(state.meeting)),
      this.#follow);
    this.#listen(lines, signal);
  }

  focusFind() { this.find.focus(); }

  /** Goes to a moment, or to a segment that says something. @param {{start_ms: number, segment_id?: string}} place */
  show({ start_ms, segment_id }, behavior) {
    this.#player.seek(start_ms);
    const segment = this.#segments.find(segment => segment.id === segment_id) ?? this.#segments.findLast(segment => segment.start_ms <= start_ms + 50);
    if (!segment) return;
    this.#shown?.classList.remove("shown");
    this.#shown = this.#lines.get(segment.id);
    this.#shown.classList.add("shown");
    this.#bring(segment, behavior);
  }

  #turns() {
    const turns = [];
    let who = null;
    for (const segment of this.#segments) {
      const { id } = segment.participant;
      if (id !== who) turns.push(h(`div.turn.${this.#state.speakers.colour(id)}`, {}, h("p.speaker", {}, this.#state.speakers.name(id))));
      who = id;
      turns.at(-1).append(this.#line(segment));
    }
    return turns;
  }

  #line(segment) {
    const line = h("div.segment", { id: segment.id },
      h("a.time", { href: toMeeting(this.#state.meeting.id, segment.start_ms), title: "Play from here" }, clock(segment.start_ms)),
      h("p.words", {}, segment.text));
    if (segment.corrected_at) line.append(correctedMark(segment));
    line.segment = segment;
    this.#lines.set(segment.id, line);
    return line;
  }

  /** One set of buttons, which goes where the reader is. */
  #makeTools() {
    const line = () => this.#tools.closest(".segment");
    const button = (label, picture, click) => h("button.quiet.icon-only", { type: "button", "aria-label": label, title: label, on: { click } }, icon(picture));
    return h("span.tools", {},
      button("Copy a link to this moment", "link", async () => {
        try {
          await copy(location.origin + location.pathname + toMeeting(this.#state.meeting.id, line().segment.start_ms));
          notify("Link copied");
        } catch (error) { notify(error.message); }
      }),
      isViewer() ? null : button("Correct what was written", "edit", () => this.#correct(line())));
  }

  async #correct(line) {
    const corrected = await this.#state.whileWriting(() => correct(this.#state.meeting.id, line.segment, line.querySelector(".words")));
    if (!corrected) return;
    Object.assign(line.segment, corrected);
    const fresh = this.#line(line.segment);
    line.replaceWith(fresh);
    fresh.querySelector(".time").focus({ preventScroll: true });
    this.find.search();
    this.#state.dispatchEvent(new Event("corrected"));
    notify("Corrected");
  }

  #listen(lines, signal) {
    lines.addEventListener("click", event => {
      const line = event.target.closest(".segment");
      if (!line || event.target.closest("button, textarea, details") || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const onTime = event.target.closest("a.time");
      if (onTime) event.preventDefault();
      else if (!event.target.closest(".words") || !getSelection().isCollapsed) return;
      const { segment } = line;
      const word = onTime ? null : wordAt(segment, caretAt(event, this.#textOf(segment)));
      this.#following = this.#follow.hidden = true;   // what was clicked is in sight; it must not move away
      this.#player.seek(word?.start_ms ?? segment.start_ms);
      if (onTime) history.replaceState(null, "", onTime.getAttribute("href"));
    });
    const attend = event => {
      const line = event.target.closest(".segment");
      if (line && this.#tools.parentElement !== line && !this.#tools.contains(document.activeElement)) line.querySelector(".time").after(this.#tools);
    };
    lines.addEventListener("pointerover", attend);
    lines.addEventListener("focusin", attend);
    this.#player.addEventListener("position", () => this.#moved(), { signal });

    // Whoever scrolls wants to read; our own scrolling makes none of these events.
    const reads = event => { if (this.#player.playing && !event.target.closest?.(".player")) this.#setFollowing(false); };
    for (const type of ["wheel", "touchmove"]) addEventListener(type, reads, { signal, passive: true });
    addEventListener("keydown", event => { if (["PageUp", "PageDown", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) reads(event); }, { signal });
    addEventListener("mousedown", event => { if (event.clientX >= document.documentElement.clientWidth) reads(event); }, { signal });
    signal.addEventListener("abort", () => unmark("word"));
  }

  #setFollowing(following) {
    this.#following = following;
    this.#follow.hidden = following;
    if (following && this.#now.size > 0) this.#bring([...this.#now].at(-1));
  }

  /** Marks what is being said: by all who speak. */
  #moved() {
    const now = this.#player.position;
    const saying = new Set(speakingAt(this.#segments, now));
    for (const segment of this.#now) if (!saying.has(segment)) this.#lines.get(segment.id).classList.remove("now");
    const began = [...saying].filter(segment => !this.#now.has(segment));
    for (const segment of began) this.#lines.get(segment.id).classList.add("now");
    this.#now = saying;
    mark("word", [...saying].flatMap(segment => wordRanges(segment, this.#textOf(segment), now)));
    if (began.length > 0 && this.#following && this.#player.playing && !this.#inSight(began.at(-1))) this.#bring(began.at(-1));
  }

  /** Well inside the window: a page that moves with every sentence cannot be read. */
  #inSight(segment) {
    const { top, bottom } = this.#lines.get(segment.id).getBoundingClientRect();
    return top > innerHeight * 0.25 && bottom < innerHeight * 0.75;
  }

  #bring(segment, behavior = "smooth") {
    this.#lines.get(segment.id).scrollIntoView({ block: "center", behavior: calmMotion.matches ? "instant" : behavior });
  }

  #textOf(segment) { return this.#lines.get(segment.id).querySelector(".words")?.firstChild ?? null; }
}

/** Segments are by start; whoever began within the last minutes may still be speaking. */
function speakingAt(segments, now) {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].start_ms <= now) low = middle + 1; else high = middle;
  }
  return segments.slice(Math.max(0, low - 40), low).filter(segment => now < segment.end_ms);
}

function correctedMark(segment) {
  const original = segment.original_text;
  return h("details.corrected", {}, h("summary", {}, "corrected"),
    h("p", {}, original ? `Heard as: ${original}` : "", h("span.facts", {}, `${new Date(segment.corrected_at).toLocaleString()}${segment.corrected_by ? `, ${segment.corrected_by}` : ""}`)));
}

function nothingSaid(meeting) {
  if (!meeting.captions || meeting.captions_status === "off") return "This meeting was recorded without captions.";
  if (meeting.captions_status === "deferred") return "The text of this meeting is made when the speech engine is there.";
  if (meeting.captions_status === "unavailable") return "This server has no speech model, so there is no text yet.";
  return meeting.status === "processing" ? "The text follows in a moment." : "Nobody said anything.";
}
