// The markers of anomalies: neighbours share one, and a lasting violation has one for its whole length.

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 *
 * Anomalies close together: where their marker stands, and how long they last. `off` says how bad the worst one is,
 * `point` is its measurement if that is known.
 * @typedef {{x: number, y: number, start: number, end: number, low: number, high: number, anomalies: number,
 *   off: number, point?: import("../live/series.js").Point}} Cluster
 *
 * An anomaly, or an interval with anomalies. `isLasting`: most of the interval is anomalous; `isNext`: nothing normal lies
 * between the item before and this one.
 * @typedef {Cluster & {isLasting: boolean, isNext: boolean}} Anomalous
 */

const MARK_PX = 18; // triangles that are closer would cover each other
const SLOT_MARKS = 6; // of a row of scattered anomalies, one marker stands for the room of so many

/**
 * Return the markers of a range in pixels that no two of them cover each other, and the times of lasting violations.
 * A row of scattered anomalies is divided at fixed times, so that markers stay in place while the range moves.
 * @template {Anomalous} Item
 * @param {Item[]} items of the range, ascending in time
 * @param {number} pixelMs time of a pixel in milliseconds
 * @param {number} markPx distance of two markers in pixels
 * @returns {{marks: (Item | Cluster)[], lasting: TimeRange[]}}
 */
export function clustered(items, pixelMs, markPx = MARK_PX) {
  const nearMs = markPx * pixelMs;
  const slotMs = SLOT_MARKS * nearMs;
  /** @type {(Item | Cluster)[]} */
  const marks = [];
  /** @type {TimeRange[]} */
  const lasting = [];
  let before = null;
  for (const item of items) {
    const last = marks[marks.length - 1];
    const goesOn = before !== null && item.isNext && item.isLasting && before.isLasting;
    const isSameSlot = before !== null && Math.floor(item.start / slotMs) === Math.floor(before.start / slotMs);
    const isNear = before !== null && item.start - before.end < nearMs;
    if (goesOn) lasting[lasting.length - 1].to = item.end;
    else if (item.isLasting) lasting.push({ from: item.start, to: item.end });
    if (last && isNear && (goesOn || isSameSlot)) marks[marks.length - 1] = joined(last, item);
    else marks.push(item);
    before = item;
  }
  return { marks: apart(marks, nearMs), lasting };
}

/**
 * Join markers until all are at least so far apart.
 * @template {Cluster} Mark
 * @param {Mark[]} marks
 * @param {number} nearMs
 * @returns {(Mark | Cluster)[]}
 */
function apart(marks, nearMs) {
  /** @type {(Mark | Cluster)[]} */
  const kept = [];
  for (const mark of marks) {
    kept.push(mark);
    // The worst one's place may lie close to the marker before.
    for (let i = kept.length - 1; i > 0 && kept[i].x - kept[i - 1].x < nearMs; i--) {
      const [one, other] = kept.splice(i - 1);
      kept.push(joined(one, other));
    }
  }
  return kept;
}

/**
 * Return a marker for both, at the worst place.
 * @param {Cluster} one
 * @param {Cluster} other
 * @returns {Cluster}
 */
function joined(one, other) {
  const { x, y, off, point } = other.off > one.off ? other : one;
  return {
    x,
    y,
    off,
    point,
    start: Math.min(one.start, other.start),
    end: Math.max(one.end, other.end),
    low: Math.min(one.low, other.low),
    high: Math.max(one.high, other.high),
    anomalies: one.anomalies + other.anomalies,
  };
}

/**
 * Return the parts of a line within ranges, each with a break after it.
 * @param {{x: number, y: number}[]} line ascending in time
 * @param {TimeRange[]} ranges ascending in time
 */
export function within(line, ranges) {
  /** @type {{x: number, y: number}[]} */
  const found = [];
  let i = 0;
  for (const { from, to } of ranges) {
    while (i < line.length && line[i].x < from) i++;
    const begin = found.length;
    for (; i < line.length && line[i].x <= to; i++) found.push({ x: line[i].x, y: line[i].y });
    if (found.length > begin) found.push({ x: found[found.length - 1].x, y: NaN });
  }
  return found;
}
