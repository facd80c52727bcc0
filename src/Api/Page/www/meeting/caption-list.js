import { calmMotion, h } from "../dom.js";
import { clock } from "../format.js";
import { stableParts } from "./caption-book.js";

const Near = 120;   // pixels from the end that still count as being there

/** Captions by the time they began, the newest in sight unless the reader went up to read. */
export class CaptionList {
  #speakers;
  #lines = new Map();
  #unseen = 0;
  #atEnd = true;

  constructor(speakers, signal) {
    this.#speakers = speakers;
    this.element = h("div.lines", { id: "captions" });
    this.newLines = h("button.new-lines.primary", { type: "button", hidden: true, on: { click: () => this.#toEnd(true) } });
    /** Read aloud by screen readers: finals only, or every word would be read many times. */
    this.announcer = h("div.unseen", { "aria-live": "polite", id: "captions-live" });
    let before = scrollY;
    addEventListener("scroll", () => {
      const left = document.documentElement.scrollHeight - innerHeight - scrollY;
      const up = scrollY < before;
      before = scrollY;
      this.#atEnd = left < (up ? 4 : Near);   // the first step up is meant, and the next caption must not undo it
      if (this.#atEnd) this.#seen();
    }, { signal, passive: true });
  }

  /** @param {{kind: string, caption: object}} change @param {boolean} fresh said just now, not before one came */
  apply({ kind, caption }, fresh) {
    let line = this.#lines.get(caption.id);
    if (kind === "gone") {
      this.#lines.delete(caption.id);
      const next = line.nextElementSibling;
      line.remove();
      this.#group(next);
      return;
    }
    if (kind === "new") {
      line = this.#add(caption);
      if (!this.#atEnd) this.#count();
    }
    this.#fill(line, caption);
    if (caption.final && fresh) this.#announce(caption);
    if (this.#atEnd) this.#toEnd(false);
  }

  #add(caption) {
    const line = h("div.line", { id: caption.id, "data-start": caption.start_ms, "data-who": caption.participant.id },
      h("span.speaker", {}, this.#speakers.name(caption.participant.id)),
      h("span.at", {}, clock(caption.start_ms)),
      h("p.words"));
    if (caption.start_ms >= 3_600_000) this.element.classList.add("hours");
    line.classList.add(this.#speakers.colour(caption.participant.id));
    let before = this.element.lastElementChild;
    while (before && Number(before.dataset.start) > caption.start_ms) before = before.previousElementSibling;
    if (before) before.after(line); else this.element.prepend(line);
    this.#lines.set(caption.id, line);
    this.#group(line);
    this.#group(line.nextElementSibling);
    return line;
  }

  #fill(line, caption) {
    const [stable, open] = stableParts(caption);
    line.querySelector(".words").replaceChildren(stable, open === "" ? "" : h("span.open", {}, open));
    line.classList.toggle("partial", !caption.final);
  }

  /** A speaker's name stands once above what follows. */
  #group(line) {
    line?.classList.toggle("same", line.previousElementSibling?.dataset.who === line.dataset.who);
  }

  #announce(caption) {
    this.announcer.append(h("p", {}, `${this.#speakers.name(caption.participant.id)}: ${caption.text}`));
    while (this.announcer.childElementCount > 5) this.announcer.firstElementChild.remove();
  }

  #count() {
    this.#unseen++;
    this.newLines.textContent = `${this.#unseen} new ${this.#unseen === 1 ? "line" : "lines"}`;
    this.newLines.hidden = false;
  }

  #seen() {
    this.#unseen = 0;
    this.newLines.hidden = true;
  }

  #toEnd(asked) {
    this.#atEnd = true;
    this.#seen();
    scrollTo({ top: document.documentElement.scrollHeight, behavior: asked && !calmMotion.matches ? "smooth" : "instant" });
  }
}
