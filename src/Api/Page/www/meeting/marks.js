// Marks in the text that are no elements (CSS Custom Highlight API). Browsers without it show the whole segment instead.

const can = typeof Highlight === "function" && CSS.highlights !== undefined;

/** @param {string} name as in `::highlight(name)` @param {Range[]} ranges */
export function mark(name, ranges) {
  if (!can) return;
  if (ranges.length === 0) CSS.highlights.delete(name);
  else CSS.highlights.set(name, new Highlight(...ranges));
}

export const unmark = name => mark(name, []);
