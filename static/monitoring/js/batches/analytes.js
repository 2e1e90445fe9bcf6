// The analytes of a batch's samples: a chart for each.
import { dotsOf } from "./sensor.js";
import { sharedOptions } from "./trend.js";

/**
 * @typedef {import("./page-data.js").BatchMarks} BatchMarks
 * @typedef {import("./page-data.js").SampleMark} SampleMark
 */

const MOST_DECIMALS = 4;

/**
 * Return the samples of each analyte, in order of time.
 * @param {SampleMark[]} samples
 */
export const byAnalyte = (samples) => Map.groupBy(samples, ({ analyte }) => analyte);

/**
 * Return the chart of an analyte: a dot for each sample, and a line between them.
 * @param {SampleMark[]} samples
 * @param {BatchMarks} marks
 * @param {boolean} isClock
 * @returns {import("../charts/elapsed-chart.js").ElapsedOptions}
 */
export function analyteOptions(samples, marks, isClock) {
  const [{ title, unit }] = samples;
  return {
    ...sharedOptions(marks, isClock),
    unit,
    decimals: decimalsOf(samples),
    lines: [{ label: title, dash: [2, 4], points: samples.map(({ x, value }) => [x, value]) }],
    marks: dotsOf(samples),
  };
}

/**
 * Return how many decimals the values were entered with.
 * @param {SampleMark[]} samples
 */
export function decimalsOf(samples) {
  const lengths = samples.map(({ value }) => String(value).split(".")[1]?.length ?? 0);
  return Math.min(MOST_DECIMALS, Math.max(...lengths));
}
