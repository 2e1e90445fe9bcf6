// The line of a tag whose values hold until the next one: broken where there is no good value, and drawn on after the last.

/**
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 * @typedef {import("../live/spans.js").Span} Span
 */

/**
 * Return the line with a break in each span without good values, and the last value held up to `until`.
 * @param {DrawnPoint[]} line in order of time
 * @param {Span[]} spans
 * @param {number} until epoch milliseconds
 */
export function heldLine(line, spans, until) {
  const broken = spans.filter(({ kind }) => kind !== "uncertain");
  /** @type {DrawnPoint[]} */
  const held = [];
  line.forEach((point, i) => {
    held.push(point);
    const next = i + 1 < line.length ? line[i + 1].x : until;
    if (Number.isNaN(point.y)) return;
    const starts = broken.filter(({ start, end }) => (end ?? Infinity) > point.x && start < next);
    const end = Math.min(next, ...starts.map(({ start }) => Math.max(start, point.x)));
    if (starts.length) held.push({ x: end, y: point.y }, { x: end, y: NaN });
    else if (i + 1 === line.length && until > point.x) held.push({ x: until, y: point.y });
  });
  return held;
}
