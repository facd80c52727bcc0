/** The newest revision of every caption, by the contract's rules; knows nothing of the page. */
export class CaptionBook {
  #captions = new Map();

  get size() { return this.#captions.size; }

  /**
   * @param {object} caption one event's data
   * @returns {{kind: "new"|"changed"|"gone", caption: object}|null} null: it changes nothing
   */
  take(caption) {
    const known = this.#captions.get(caption.id);
    if (known && (caption.rev < known.rev || (known.final && caption.rev === known.rev))) return null;   // a connection made anew tells finals again
    if (caption.text === "" && caption.final) {
      this.#captions.delete(caption.id);
      return known ? { kind: "gone", caption } : null;
    }
    this.#captions.set(caption.id, caption);
    return { kind: known ? "changed" : "new", caption };
  }

  /** A connection made anew tells every open caption again, and is not told of those that came to nothing meanwhile. */
  forgetOpen() {
    const open = [...this.#captions.values()].filter(caption => !caption.final);
    for (const caption of open) this.#captions.delete(caption.id);
    return open.map(caption => ({ kind: "gone", caption }));
  }
}

/** The text's part that stays, and the part that may still change. `stable_chars` counts code points. */
export function stableParts(caption) {
  if (caption.final) return [caption.text, ""];
  const points = [...caption.text];
  return [points.slice(0, caption.stable_chars).join(""), points.slice(caption.stable_chars).join("")];
}
