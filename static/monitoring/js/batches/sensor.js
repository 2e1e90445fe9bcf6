// A soft sensor or computed tag of a batch, as the server sends it, in terms of the chart.
import { withGaps } from "./gaps.js";
import { sharedOptions } from "./trend.js";

/**
 * @typedef {{name: string, title: string, unit: string, decimals: number | null, formula: string, source: string,
 *   missing: string[], remarks: string[], eft_h: number[], value: (number | null)[]}} Sensor
 */

const USUAL_DECIMALS = 2;
/** @type {Record<string, string>} analytes whose samples stand on the chart of a soft sensor of the same unit */
const SAMPLED = { biomass: "dry_weight" };

/** @param {Sensor} sensor */
export const hasValues = ({ value }) => value.some((each) => each !== null);

/**
 * Return what soft sensors without values need, each with the names of those that need it.
 * @param {Sensor[]} lacking
 */
export function needsOf(lacking) {
  const pairs = lacking.flatMap(({ title, missing }) => missing.map((need) => ({ need, title })));
  return [...Map.groupBy(pairs, ({ need }) => need)].map(([need, found]) => ({
    need,
    titles: found.map(({ title }) => title),
  }));
}

/** @param {Sensor} sensor */
export const decimalsOf = ({ decimals }) => decimals ?? USUAL_DECIMALS;

/**
 * Return the chart of a soft sensor, with the samples of what it estimates as dots.
 * @param {Sensor} sensor
 * @param {import("./page-data.js").BatchMarks} marks
 * @param {boolean} isClock
 * @returns {import("../charts/elapsed-chart.js").ElapsedOptions}
 */
export function sensorOptions(sensor, marks, isClock) {
  return {
    ...sharedOptions(marks, isClock),
    unit: sensor.unit,
    decimals: decimalsOf(sensor),
    lines: [{ label: sensor.title, points: withGaps(sensor.eft_h, sensor.value) }],
    marks: dotsOf(marks.samples.filter(({ analyte }) => analyte === SAMPLED[sensor.name])),
  };
}

/**
 * Return samples as marks of a chart.
 * @param {import("./page-data.js").SampleMark[]} samples
 * @returns {import("../charts/elapsed-chart.js").ElapsedMark[]}
 */
export function dotsOf(samples) {
  return samples.map(({ x, value, unit, title, number }) => ({
    kind: "sample",
    x,
    y: value,
    label: `${number}, ${title} ${value} ${unit}`.trimEnd(),
  }));
}
