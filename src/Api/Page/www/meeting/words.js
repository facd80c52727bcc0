// Words of a segment and their place in its text. A correction may have other words than were heard: then there is only the segment.

const places = new WeakMap();   // segment → [from, to] of each word in its text; null where it is not there

function placesOf(segment) {
  const known = places.get(segment);
  if (known?.text === segment.text) return known.list;
  let at = 0;
  const list = (segment.words ?? []).map(word => {
    const text = word.text.trim();
    const from = text === "" ? -1 : segment.text.indexOf(text, at);
    if (from < 0) return null;
    at = from + text.length;
    return [from, at];
  });
  places.set(segment, { text: segment.text, list });
  return list;
}

/** The word at a character of the text, or the one before it; null: none is known. */
export function wordAt(segment, offset) {
  if (offset === null) return null;
  const list = placesOf(segment);
  const index = list.findLastIndex(place => place !== null && place[0] <= offset);
  return index < 0 ? null : segment.words[index];
}

/** Where in the page the word that is said at a moment stands; empty between words. @param {Text|null} node the segment's text */
export function wordRanges(segment, node, milliseconds) {
  if (node === null) return [];
  const index = (segment.words ?? []).findIndex(word => word.start_ms <= milliseconds && milliseconds < word.end_ms);
  const place = index < 0 ? null : placesOf(segment)[index];
  if (!place || place[1] > node.length) return [];
  return [rangeOf(node, ...place)];
}

export function rangeOf(node, from, to) {
  const range = new Range();
  range.setStart(node, from);
  range.setEnd(node, to);
  return range;
}

/** The character under a pointer; null when it is not in this text. */
export function caretAt(event, node) {
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(event.clientX, event.clientY);
    return caret?.offsetNode === node ? caret.offset : null;
  }
  const range = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  return range?.startContainer === node ? range.startOffset : null;
}
