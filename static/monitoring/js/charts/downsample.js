// Lines from measurements: no more points than the pixels can show, and a break at each gap.

/** @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint */

const USUAL = 0.75;
const LONGER = 1.5;
const ENOUGH = 8; // distances from which the usual one can be estimated

/**
 * Return at most the first, lowest, highest and last point of each bucket: no extreme is lost.
 * @param {DrawnPoint[]} points
 * @param {number} bucketMs
 */
function thin(points, bucketMs) {
  /** @type {DrawnPoint[]} */
  const kept = [];
  let start = 0;
  for (let end = 1; end <= points.length; end++) {
    // Buckets are fixed in time: otherwise the line would tremble as the window moves.
    if (end < points.length && bucket(points[end], bucketMs) === bucket(points[start], bucketMs)) continue;
    keepOutline(points, start, end, kept);
    start = end;
  }
  return kept;
}

/** @type {(point: DrawnPoint, bucketMs: number) => number} */
const bucket = (point, bucketMs) => Math.floor(point.x / bucketMs);

/** @type {(points: DrawnPoint[], start: number, end: number, kept: DrawnPoint[]) => void} */
function keepOutline(points, start, end, kept) {
  let low = start;
  let high = start;
  for (let i = start; i < end; i++) {
    if (points[i].y < points[low].y) low = i;
    if (points[i].y > points[high].y) high = i;
  }
  const indexes = new Set([start, low, high, end - 1].sort((a, b) => a - b));
  for (const index of indexes) kept.push(points[index]);
}

/**
 * Return the distance in milliseconds above which two times have a gap between them: 1.5 times the 75 % quantile of the
 * distances, so that a slow source has no gaps.
 * @param {number[]} times
 * @param {number} leastMs
 */
export function gapMs(times, leastMs) {
  if (times.length <= ENOUGH) return leastMs;
  const distances = Float64Array.from(times.slice(1), (time, i) => time - times[i]).sort();
  return Math.max(leastMs, LONGER * distances[Math.floor(distances.length * USUAL)]);
}

/**
 * Return the line with a break at each gap, and the points that no line touches.
 * @template {DrawnPoint} P
 * @param {P[]} points
 * @param {number} gap milliseconds
 * @returns {{line: (P | DrawnPoint)[], lone: P[]}}
 */
export function lineAndLone(points, gap) {
  /** @type {(P | DrawnPoint)[]} */
  const line = [];
  /** @type {P[]} */
  const lone = [];
  points.forEach((point, i) => {
    const before = i > 0 && point.x - points[i - 1].x <= gap;
    const after = i + 1 < points.length && points[i + 1].x - point.x <= gap;
    if (!before && i > 0) line.push({ x: point.x, y: NaN });
    line.push(point);
    if (!before && !after) lone.push(point);
  });
  return { line, lone };
}

/**
 * Thin each part of a line between two breaks by itself, so that the breaks stay.
 * @param {DrawnPoint[]} line
 * @param {number} bucketMs
 */
export function thinned(line, bucketMs) {
  /** @type {DrawnPoint[]} */
  const kept = [];
  let start = 0;
  line.forEach((point, i) => {
    if (!Number.isNaN(point.y)) return;
    kept.push(...thin(line.slice(start, i), bucketMs), point);
    start = i + 1;
  });
  kept.push(...thin(line.slice(start), bucketMs));
  return kept;
}
