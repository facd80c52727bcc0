import { h } from "../dom.js";
import { mark, unmark } from "./marks.js";
import { rangeOf } from "./words.js";

const MostMarked = 2000;

/** Finds words in the transcript, and goes from one to the next. */
export class FindBar {
  #segments; #textOf; #bring; #hits = []; #at = -1;
  #field = h("input", { id: "find", type: "search", placeholder: "Find in the transcript", "aria-label": "Find in the transcript", title: "Find (/)" });
  #count = h("span.count", { role: "status" });

  /** @param {(segment) => Text|null} textOf @param {(segment) => void} bring into sight */
  constructor(segments, textOf, bring, signal) {
    this.#segments = segments;
    this.#textOf = textOf;
    this.#bring = bring;
    this.element = h("search.find", {}, this.#field, this.#count);
    this.#field.addEventListener("input", () => this.search());
    this.#field.addEventListener("keydown", event => {
      if (event.key === "Enter") this.#go(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") { this.#field.value = ""; this.search(); this.#field.blur(); }
      else return;
      event.preventDefault();
    });
    signal.addEventListener("abort", () => { unmark("found"); unmark("found-now"); });
  }

  focus() { this.#field.focus(); this.#field.select(); }

  /** Anew: what is asked for, or what is written, has changed. */
  search() {
    const wanted = fold(this.#field.value.trim());
    this.#hits = wanted === "" ? [] : this.#segments.flatMap(segment => [...hitsIn(segment, wanted)]);
    this.#at = -1;
    unmark("found-now");
    mark("found", this.#hits.slice(0, MostMarked).map(hit => this.#range(hit)).filter(range => range !== null));
    this.#count.textContent = wanted === "" ? "" : this.#hits.length === 0 ? "not found" : `${this.#hits.length} found`;
  }

  #go(step) {
    if (this.#hits.length === 0) return;
    this.#at = this.#at < 0 && step < 0 ? this.#hits.length - 1 : (this.#at + step + this.#hits.length) % this.#hits.length;
    const hit = this.#hits[this.#at];
    const range = this.#range(hit);
    mark("found-now", range ? [range] : []);
    this.#count.textContent = `${this.#at + 1} of ${this.#hits.length}`;
    this.#bring(hit.segment);
  }

  #range({ segment, from, to }) {
    const node = this.#textOf(segment);
    return node === null || to > node.length ? null : rangeOf(node, from, to);
  }
}

/** Lower case, and only where no letter changes its length: places must stay places. */
function fold(text) {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}

function* hitsIn(segment, wanted) {
  const text = fold(segment.text);
  for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) yield { segment, from, to: from + wanted.length };
}
