// The contents of a chart as a sentence and as a table, which need no chart library.
import { fixedText } from "../base/numbers.js";

/**
 * @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../charts/elapsed-chart.js").ElapsedLine} ElapsedLine
 */

const MOST_ROWS = 300;

/** @type {(options: ElapsedOptions) => ElapsedLine} the values; other lines are beside them */
const valuesOf = ({ lines }) => lines[0];

/**
 * Return the last value and the extremes as a sentence.
 * @param {ElapsedOptions} options
 */
export function summary(options) {
  const { points, low, high } = valuesOf(options);
  const known = points.filter(([, y]) => y !== null);
  if (!known.length) return "No values in this batch.";
  const text = (/** @type {number | null} */ value) => fixedText(value ?? NaN, options.decimals);
  const all = [...(low ?? []), ...(high ?? []), ...known.map(([, y]) => y)].filter((value) => value !== null);
  const least = all.reduce((one, other) => Math.min(one, other), Infinity);
  const most = all.reduce((one, other) => Math.max(one, other), -Infinity);
  const unit = options.unit ? ` ${options.unit}` : "";
  return `Last ${text(known[known.length - 1][1])}${unit}, from ${text(least)} to ${text(most)}${unit}.`;
}

/**
 * Return the rows of the table, newest first: elapsed time, lowest, value, highest.
 * @param {ElapsedOptions} options
 */
export function rowsOf(options) {
  const { points, low, high } = valuesOf(options);
  const text = (/** @type {number | null | undefined} */ value) =>
    value === null || value === undefined ? "" : fixedText(value, options.decimals);
  const rows = points.map(([x, y], i) => [fixedText(x, 2), text(low?.[i]), text(y), text(high?.[i])]);
  return rows.filter(([, , value]) => value).reverse();
}

/**
 * Fill the table.
 * @param {HTMLElement} panel
 * @param {ElapsedOptions} options
 */
export function fillTable(panel, options) {
  const titles = ["Elapsed (h)", "Lowest", options.unit ? `Value (${options.unit})` : "Value", "Highest"];
  panel.replaceChildren(tableOf(titles, rowsOf(options)));
}

/**
 * Return a table of the first rows.
 * @param {string[]} titles
 * @param {string[][]} rows newest first
 */
export function tableOf(titles, rows) {
  const table = document.createElement("table");
  table.createCaption().textContent = rows.length > MOST_ROWS ? `The newest ${MOST_ROWS} of ${rows.length} rows` : "";
  const head = table.createTHead().insertRow();
  for (const title of titles) {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = title;
  }
  const body = table.createTBody();
  for (const cells of rows.slice(0, MOST_ROWS)) {
    const row = body.insertRow();
    for (const text of cells) row.insertCell().textContent = text;
  }
  return table;
}
