// The trend of a tag over a batch, as the server sends it, in terms of the chart.
import { withGaps } from "./gaps.js";

/**
 * @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../charts/elapsed-chart.js").ElapsedMark} ElapsedMark
 * @typedef {import("./page-data.js").BatchMarks} BatchMarks
 * @typedef {import("./page-data.js").FigureSettings} FigureSettings
 *
 * @typedef {{profile: {name: string, version: number}, eft_h: number[], median: (number | null)[],
 *   low: (number | null)[], high: (number | null)[]}} GoldenCourse
 *
 * @typedef {{tag: string, unit: string, resolution_s: number, t: number[], eft_h: number[], min: number[],
 *   max: number[], mean: number[], setpoint: {eft_h: number[], value: number[]} | null,
 *   golden?: GoldenCourse | null}} BatchTrend
 */

const HOUR_S = 3600;
export const ELAPSED = "Elapsed time (h)";

/**
 * Return the chart of a tag.
 * @param {BatchTrend} trend
 * @param {FigureSettings} figure
 * @param {BatchMarks} marks
 * @param {boolean} isClock whether the axis tells the time of day
 * @returns {ElapsedOptions}
 */
export function trendOptions(trend, figure, marks, isClock) {
  return {
    ...sharedOptions(marks, isClock),
    unit: trend.unit,
    decimals: figure.decimals,
    lines: [valueLine(trend, figure), ...setpointLine(trend), ...goldenLine(trend)],
    bands: goldenBand(trend),
    marks: [...spansOf(marks, trend.tag), ...deviationsOf(marks, trend.tag), ...notesOf(marks, trend.tag)],
  };
}

/**
 * Return what all charts of a batch share.
 * @param {BatchMarks} marks
 * @param {boolean} isClock
 */
export function sharedOptions({ regions, range, now, zeroMs }, isClock) {
  return { regions, range, now, xTitle: isClock ? "" : ELAPSED, zeroMs: isClock ? zeroMs : null };
}

/** @type {(trend: BatchTrend, figure: FigureSettings) => import("../charts/elapsed-chart.js").ElapsedLine} */
function valueLine({ eft_h, mean, min, max, resolution_s }, { title, stepped }) {
  const resolutionH = resolution_s / HOUR_S;
  const points = withGaps(eft_h, mean, resolutionH);
  const edge = (/** @type {number[]} */ values) => withGaps(eft_h, values, resolutionH).map(([, value]) => value);
  return { label: title, points, low: edge(min), high: edge(max), stepped };
}

/** @type {(trend: BatchTrend) => import("../charts/elapsed-chart.js").ElapsedLine[]} */
function setpointLine({ setpoint }) {
  if (!setpoint?.value.length) return [];
  const points = setpoint.eft_h.map((x, i) => /** @type {[number, number]} */ ([x, setpoint.value[i]]));
  return [{ label: "setpoint", points, dash: [6, 4], stepped: true }];
}

/** @type {(trend: BatchTrend) => import("../charts/elapsed-chart.js").ElapsedLine[]} */
function goldenLine({ golden }) {
  if (!golden) return [];
  return [{ label: "golden", points: withGaps(golden.eft_h, golden.median), dash: [2, 4], colour: 0 }];
}

/** @type {(trend: BatchTrend) => import("../charts/elapsed-chart.js").ElapsedBand[]} */
function goldenBand({ golden }) {
  if (!golden) return [];
  return [{ label: "golden", colour: 0, points: golden.eft_h.map((x, i) => [x, golden.low[i], golden.high[i]]) }];
}

/** @type {(marks: BatchMarks, tag: string) => ElapsedMark[]} */
const spansOf = ({ spans }, tag) =>
  spans.filter((span) => span.tag === tag).map(({ x, until, label }) => ({ kind: "event", x, until, label }));

/**
 * Return the deviations to which the tag contributes, and those to which no tag does: they are about all.
 * @type {(marks: BatchMarks, tag: string) => ElapsedMark[]}
 */
const deviationsOf = ({ deviations }, tag) =>
  deviations
    .filter(({ tags }) => !tags.length || tags.includes(tag))
    .map(({ x, until, label }) => ({ kind: "deviation", x, until, label }));

/** @type {(marks: BatchMarks, tag: string) => ElapsedMark[]} */
const notesOf = ({ notes }, tag) =>
  notes
    .filter((note) => note.tag === null || note.tag === tag)
    .map(({ x, until, label }) => ({ kind: "note", x, label, ...(until === null ? {} : { until }) }));
