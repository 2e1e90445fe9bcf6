// The contents of the chart that compares batches: a line a batch, with its band from lowest to highest.
import { LINE_STYLES } from "../charts/line-styles.js";

/**
 * @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../charts/elapsed-chart.js").ElapsedLine} ElapsedLine
 *
 * Columns of equal length; null interrupts the line.
 * @typedef {{id: number, name: string, x: number[], min: (number | null)[], mean: (number | null)[],
 *   max: (number | null)[]}} ComparedBatch
 *
 * @typedef {{xTitle: string, xUnit: string, unit: string, decimals: number,
 *   regions: import("../charts/elapsed-regions.js").Region[], batches: ComparedBatch[],
 *   chart: {copy: string, integrity: string, trouble: string}}} BatchComparison
 */

/**
 * Return the contents of the chart. A batch keeps its colour, dash and shape, whether others have values or not.
 * @param {BatchComparison} comparison
 * @returns {ElapsedOptions}
 */
export function comparisonOptions({ xTitle, xUnit, unit, decimals, regions, batches }) {
  return { xTitle, xUnit, unit, decimals, regions, lines: batches.map(lineOf).filter(({ points }) => points.length) };
}

/** @type {(batch: ComparedBatch, place: number) => ElapsedLine} */
function lineOf({ name, x, min, mean, max }, place) {
  return {
    label: name,
    points: x.map((each, i) => [each, mean[i]]),
    low: min,
    high: max,
    colour: place,
    ...LINE_STYLES[place % LINE_STYLES.length],
  };
}

/**
 * Return a line of the style of a batch, for the legend.
 * @param {number} place
 * @returns {ElapsedLine}
 */
export const styleOf = (place) => ({
  label: "",
  points: [],
  colour: place,
  ...LINE_STYLES[place % LINE_STYLES.length],
});
