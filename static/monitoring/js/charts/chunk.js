// The piece of a tag's history that a chart requests: larger than the chart's range, and the same after small moves.

/**
 * A range, and the number of intervals to request for it.
 * @typedef {import("../base/settings.js").TimeRange & {points: number}} Chunk
 */

const MOST_POINTS = 5000; // in one response
const WIDTHS = [200, 300, 400, 600, 900, 1200]; // few, so that a window's width rarely changes the step
const FINE_MS = 3950000; // a chunk up to this length gets steps of seconds, a longer one steps of minutes
const ROOM = [1 / 2, 1 / 4, 1 / 8, 1 / 16]; // beside the range, in its lengths: as much as keeps the steps fine
const EARLIEST = Date.parse("0001-01-02T00:00:00Z");
const LATEST = Date.parse("9999-12-30T00:00:00Z");

/**
 * Return the number of intervals for a chart of this width.
 * @param {number} width pixels
 */
export const pointsFor = (width) => WIDTHS.find((points) => points >= width / 2) ?? WIDTHS[WIDTHS.length - 1];

/**
 * Return the chunk that holds a range with room on both sides. The ends are on a grid and the length depends only on
 * the length of the range: a range that moves gets the same chunks with the same steps.
 * @param {import("../base/settings.js").TimeRange} range
 * @param {number} points
 * @param {number} aheadMs how far the range will have moved before the next chunk can arrive
 * @returns {Chunk}
 */
export function chunkAround({ from, to }, points, aheadMs = 0) {
  const span = to - from;
  const [roomy, ...tight] = ROOM.map((share) => lengths(span, Math.max(span * share, 2 * aheadMs)));
  const { grid, length } = [roomy, ...tight].find((chunk) => chunk.length <= FINE_MS) ?? roomy;
  const first = Math.floor(from / grid - 0.5) * grid;
  const asked = Math.min(MOST_POINTS, Math.ceil((points * length) / span / 100) * 100);
  return { from: Math.max(EARLIEST, first), to: Math.min(LATEST, first + length), points: asked };
}

/**
 * @param {number} span milliseconds
 * @param {number} atMost the largest step of the grid
 */
function lengths(span, atMost) {
  const grid = 2 ** Math.floor(Math.log2(atMost));
  return { grid, length: (Math.ceil(span / grid) + 2) * grid };
}
