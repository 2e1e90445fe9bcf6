// The tooltip of a chart over elapsed time: the value of each line at the pointer, and what happened there.
import { fixedText } from "../base/numbers.js";
import { firstIndex } from "../base/search.js";
import { momentText } from "../base/times.js";

/**
 * @typedef {import("./elapsed-chart.js").ElapsedLine} ElapsedLine
 * @typedef {import("./elapsed-chart.js").ElapsedMark} ElapsedMark
 * @typedef {import("./elapsed-chart.js").ElapsedOptions} ElapsedOptions
 */

const HOUR_MS = 3600000;
const NEAR = 0.01; // of the axis: a mark this close to the pointer is described
const MOST_MARKS = 4;

/**
 * Return the index of the point nearest to x; null without a value within `reach`, so that a gap has none.
 * @param {{x: number, y: number}[]} points in order of x
 * @param {number} x
 * @param {number} reach in units of x
 */
export function nearestPoint(points, x, reach) {
  const after = firstIndex(points.length, (i) => points[i].x < x);
  const near = [after - 1, after].filter((i) => points[i] && Number.isFinite(points[i].y));
  near.sort((one, other) => Math.abs(points[one].x - x) - Math.abs(points[other].x - x));
  return near.length && Math.abs(points[near[0]].x - x) <= reach ? near[0] : null;
}

/**
 * Return the value of a stepped line at x: that of the last step.
 * @param {{x: number, y: number}[]} points in order of x
 * @param {number} x
 */
export function steppedPoint(points, x) {
  const last = firstIndex(points.length, (i) => points[i].x <= x) - 1;
  return last >= 0 && Number.isFinite(points[last].y) ? last : null;
}

/**
 * Return the elapsed time as text; with the time of its zero, also the time of day.
 * @param {number} x
 * @param {Pick<ElapsedOptions, "zeroMs" | "xUnit">} options
 */
export function elapsedText(x, { zeroMs = null, xUnit = "h" }) {
  const text = `${fixedText(x, 2)} ${xUnit}`;
  return zeroMs === null ? text : `${momentText(zeroMs + x * HOUR_MS)} (${text})`;
}

/**
 * Return the value of the i-th point of a line, with its extremes.
 * @param {ElapsedLine} line
 * @param {number} i
 * @param {Pick<ElapsedOptions, "unit" | "decimals">} options
 */
export function lineText({ label, points, low, high }, i, { unit, decimals }) {
  const text = (/** @type {number | null} */ value) => fixedText(value ?? NaN, decimals);
  const [least, most] = [low?.[i] ?? null, high?.[i] ?? null];
  const spread =
    least === null || most === null || text(least) === text(most) ? "" : ` (${text(least)} to ${text(most)})`;
  return `${label}: ${text(points[i][1])}${unit ? ` ${unit}` : ""}${spread}`;
}

/**
 * Return the texts of the marks at x.
 * @param {ElapsedMark[]} marks
 * @param {number} x
 * @param {number} width of the axis, in units of x
 */
export function markTexts(marks, x, width) {
  const reach = NEAR * width;
  const found = marks.filter((mark) => mark.x - reach <= x && x <= endOf(mark) + reach);
  const texts = found.slice(0, MOST_MARKS).map(({ kind, label }) => `${kind}: ${label}`);
  return found.length > MOST_MARKS ? [...texts, `and ${found.length - MOST_MARKS} more`] : texts;
}

/** @param {ElapsedMark} mark */
const endOf = ({ x, until = x }) => until ?? Infinity;
