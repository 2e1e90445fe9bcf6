// How a batch compares with golden ones, as the server sends it, in terms of the chart.
import { firstIndex } from "../base/search.js";
import { LINE_STYLES } from "../charts/line-styles.js";
import { withGaps } from "./gaps.js";
import { sharedOptions } from "./trend.js";

/**
 * @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../charts/elapsed-chart.js").ElapsedMark} ElapsedMark
 * @typedef {import("./page-data.js").BatchMarks} BatchMarks
 * @typedef {(number | null)[]} Values
 * @typedef {{value: Values, limit: number}} Statistic
 *
 * Columns of equal length, a row a minute; null without a value. The limit of the score and of each family is 1.
 * @typedef {{message: string, resolution_s: number, t: number[], score: Values, families: Record<string, Values>,
 *   t2: Statistic | null, spe: Statistic | null}} WatchAnswer
 *
 * Spans of minutes: the largest and the smallest value of each, and when the score was largest. `x` in hours.
 * @typedef {{x: number[], peak: number[], high: Values[], low: Values[]}} Reduced
 */

const HOUR_MS = 3600000;
const MOST_POINTS = 1200; // minutes of a batch of 20 h
export const LIMIT = 1;
const ROOM = { from: 0, to: 1.5 }; // of the axis of scores: that the limit is seen while the score is low
const DECIMALS = 2;

/**
 * Return columns in at most `most` spans. The largest and the smallest values stay: no deviation is lost.
 * @param {number[]} t in order
 * @param {Values[]} columns the first decides about the peak
 * @param {number} zeroMs
 * @param {number} most
 * @returns {Reduced}
 */
export function reduced(t, columns, zeroMs, most = MOST_POINTS) {
  const size = Math.max(1, Math.ceil(t.length / most));
  const starts = Array.from({ length: Math.ceil(t.length / size) }, (_, i) => i * size);
  const peaks = starts.map((start) => peakIn(columns[0], start, Math.min(start + size, t.length)));
  return {
    x: starts.map((start, i) => hoursOf(size === 1 ? t[peaks[i]] : t[start], zeroMs)),
    peak: peaks.map((i) => t[i]),
    high: columns.map((column) => starts.map((start) => extreme(column, start, start + size, Math.max))),
    low: columns.map((column) => starts.map((start) => extreme(column, start, start + size, Math.min))),
  };
}

/** @type {(ms: number, zeroMs: number) => number} */
const hoursOf = (ms, zeroMs) => (ms - zeroMs) / HOUR_MS;

/** @type {(values: Values, start: number, stop: number) => number} */
function peakIn(values, start, stop) {
  let found = start;
  for (let i = start; i < stop; i++) if ((values[i] ?? -Infinity) > (values[found] ?? -Infinity)) found = i;
  return found;
}

/** @type {(values: Values, start: number, stop: number, of: (...values: number[]) => number) => number | null} */
function extreme(values, start, stop, of) {
  const known = values.slice(start, stop).filter((value) => value !== null);
  return known.length ? of(...known) : null;
}

/**
 * Return the chart of the score: families as lines, the score as their outline over a grey area, the limit at 1.
 * @param {WatchAnswer} answer
 * @param {BatchMarks} marks
 * @param {boolean} isClock whether the axis tells the time of day
 * @param {{titles: Record<string, string>, chosenMs: number | null}} options `titles` of the families
 * @returns {ElapsedOptions}
 */
export function scoreOptions(answer, marks, isClock, { titles, chosenMs }) {
  const names = Object.keys(answer.families);
  const columns = [answer.score, ...names.map((name) => answer.families[name])];
  const { x, high } = reduced(answer.t, columns, marks.zeroMs);
  const pointsOf = (/** @type {number} */ row) => withGaps(x, high[row], resolutionOf(x));
  return {
    ...sharedOptions(marks, isClock),
    unit: "",
    decimals: DECIMALS,
    room: ROOM,
    lines: [
      ...names.map((name, i) => ({ label: titles[name] ?? name, points: pointsOf(i + 1), ...styleOf(i) })),
      { label: "score", points: pointsOf(0) },
      limitLine(marks, LIMIT),
    ],
    bands: [{ label: "score", points: pointsOf(0).map(([at, value]) => [at, value === null ? null : 0, value]) }],
    marks: deviationsOf(marks),
    chosen: chosenMs === null ? null : hoursOf(chosenMs, marks.zeroMs),
  };
}

/**
 * Return colour and dash of the i-th family. Lines of a chart as dense as this one need no shapes.
 * @param {number} i
 */
export const styleOf = (i) => ({ colour: i, dash: LINE_STYLES[i % LINE_STYLES.length].dash });

/** @type {(x: number[]) => number} */
const resolutionOf = (x) => (x.length > 1 ? (x[x.length - 1] - x[0]) / (x.length - 1) : 0);

/** @type {(marks: BatchMarks, value: number) => import("../charts/elapsed-chart.js").ElapsedLine} */
const limitLine = ({ range }, value) => ({
  label: "limit",
  points: [
    [range.from, value],
    [range.to, value],
  ],
  dash: [6, 4],
  stepped: true,
});

/**
 * Return the chart of T² or SPE with its limit.
 * @param {{t: number[], statistic: Statistic, title: string}} column
 * @param {BatchMarks} marks
 * @param {boolean} isClock
 * @returns {ElapsedOptions}
 */
export function statisticOptions({ t, statistic, title }, marks, isClock) {
  const { x, high, low } = reduced(t, [statistic.value], marks.zeroMs);
  const resolution = resolutionOf(x);
  const edge = (/** @type {Values} */ values) => withGaps(x, values, resolution).map(([, value]) => value);
  return {
    ...sharedOptions(marks, isClock),
    unit: "",
    decimals: DECIMALS,
    room: { from: 0, to: 1.2 * statistic.limit },
    lines: [
      { label: title, points: withGaps(x, high[0], resolution), low: edge(low[0]), high: edge(high[0]) },
      limitLine(marks, statistic.limit),
    ],
    marks: deviationsOf(marks),
  };
}

/** @type {(marks: BatchMarks) => ElapsedMark[]} */
const deviationsOf = ({ deviations }) =>
  deviations.map(({ x, until, label }) => ({ kind: "deviation", x, until, label }));

/**
 * Return the minute to explain at x: that of the largest score of the span there; null outside the minutes.
 * @param {WatchAnswer} answer
 * @param {number} x hours
 * @param {number} zeroMs
 */
export function minuteAt({ t, score }, x, zeroMs) {
  const spans = reduced(t, [score], zeroMs);
  const place = Math.max(0, firstIndex(spans.x.length, (i) => spans.x[i] <= x) - 1);
  const found = score.some((value) => value !== null) ? spans.peak[place] : undefined;
  return found === undefined || Math.abs(x - spans.x[place]) > 2 * Math.max(resolutionOf(spans.x), 1 / 60)
    ? null
    : found;
}

/**
 * Return the newest value of the score as a sentence, with the largest.
 * @param {WatchAnswer} answer
 */
export function scoreSentence({ score, message }) {
  const known = score.filter((value) => value !== null);
  if (!known.length) return message || "No score yet.";
  const most = known.reduce((one, other) => Math.max(one, other));
  const text = (/** @type {number} */ value) => value.toFixed(DECIMALS);
  return `Last ${text(known[known.length - 1])}, at most ${text(most)}; the limit is ${LIMIT}.`;
}

/**
 * Return the table of the chart, newest row first: elapsed time, score, families.
 * @param {ElapsedOptions} options of `scoreOptions`
 * @returns {{titles: string[], rows: string[][]}}
 */
export function scoreTable({ lines }) {
  const told = [...lines.filter(({ label }) => label === "score"), ...lines.slice(0, -2)];
  const text = (/** @type {number | null} */ value) => value?.toFixed(DECIMALS) ?? "";
  const rows = told[0].points.map(([x], i) => [x.toFixed(2), ...told.map(({ points }) => text(points[i][1]))]);
  return {
    titles: ["Elapsed (h)", ...told.map(({ label }) => label)],
    rows: rows.filter(([, score]) => score).reverse(),
  };
}
