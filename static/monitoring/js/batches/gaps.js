// Points of a line with breaks where data are missing: an answer leaves out intervals without a measurement.

const SPACINGS = 3; // of the usual distance, longer is a gap
const LEAST_H = 1 / 60;

/**
 * Return the points, with a null in each gap.
 * @param {number[]} x in order
 * @param {(number | null)[]} y
 * @param {number} resolutionH length of an interval in hours
 * @returns {[number, number | null][]}
 */
export function withGaps(x, y, resolutionH = 0) {
  const longest = Math.max(SPACINGS * Math.max(resolutionH, usualSpacing(x)), LEAST_H);
  return x.flatMap((at, i) => {
    /** @type {[number, number | null]} */
    const point = [at, y[i]];
    return i && at - x[i - 1] > longest ? [[(at + x[i - 1]) / 2, null], point] : [point];
  });
}

/**
 * Return the median of the distances.
 * @param {number[]} x
 */
function usualSpacing(x) {
  const spacings = x.slice(1).map((at, i) => at - x[i]);
  return spacings.sort((one, other) => one - other)[spacings.length >> 1] ?? 0;
}
