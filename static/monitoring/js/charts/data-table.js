// The contents of a chart as a table: filled when it is opened, and renewed unless the pointer or focus is inside.
import { reasonsOf } from "../live/rule-violations.js";
import { momentText } from "../base/times.js";
import { detailText, meanText, valueText, whole } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("./raw-layer.js").Layer} Layer
 * @typedef {{cells: string[], isAnomalous: boolean}} TableRow
 */

const MOST_ROWS = 300;
const EVERY_MS = 5000;
const WORDY = 3; // a table with this many columns has texts in the last one

export class DataTable {
  /** @type {Layer | null} */
  layer = null;
  /** @type {TimeRange | null} */
  range = null;
  filledAt = -Infinity;

  /**
   * @param {HTMLDetailsElement} details
   * @param {HTMLElement} panel
   * @param {Tag} tag
   */
  constructor(details, panel, tag) {
    this.details = details;
    this.panel = panel;
    this.tag = tag;
    details.addEventListener("toggle", () => this.fill());
  }

  /**
   * Show the contents of the chart.
   * @param {Layer} layer
   * @param {TimeRange} range
   * @param {{isLive: boolean}} shown
   */
  show(layer, range, { isLive }) {
    const isOther = !this.range || (!isLive && (range.from !== this.range.from || layer !== this.layer));
    Object.assign(this, { layer, range });
    if (!this.details.open) return;
    const isRead = this.panel.matches(":hover, :focus-within");
    if (isOther || (isLive && !isRead && performance.now() - this.filledAt > EVERY_MS)) this.fill();
  }

  fill() {
    if (!this.details.open || !this.layer || !this.range) return this.panel.replaceChildren();
    this.filledAt = performance.now();
    const { columns, rows } = contents(this.layer, this.range, this.tag);
    const shown = rows.slice(-MOST_ROWS).reverse();
    this.panel.replaceChildren(table(captionText(shown.length, rows.length), columns, shown));
  }
}

/** @type {(shown: number, all: number) => string} */
function captionText(shown, all) {
  return shown < all
    ? `Newest first: ${whole.format(shown)} of ${whole.format(all)} rows`
    : `Newest first: ${whole.format(all)} rows`;
}

/**
 * Return a row for each measurement or interval.
 * @param {Layer} layer
 * @param {TimeRange} range
 * @param {Tag} tag
 */
function contents(layer, { from, to }, tag) {
  const value = tag.unit ? `Value (${tag.unit})` : "Value";
  if (layer.buckets) {
    const inside = layer.buckets.filter(({ x }) => x >= from && x <= to);
    return {
      columns: ["From", "Lowest", "Mean", "Highest", "Measurements", "Anomalies"],
      rows: inside.map((b) => bucketRow(b, tag)),
    };
  }
  const inside = layer.points.filter(({ x }) => x >= from && x <= to);
  return { columns: ["Time", value, "Anomaly"], rows: inside.map((point) => pointRow(point, tag)) };
}

/** @type {(bucket: import("./bucket-layer.js").Bucket, tag: Tag) => TableRow} */
function bucketRow({ start, low, y, high, count, anomalies }, tag) {
  const values = [valueText(tag, low), meanText(tag, y), valueText(tag, high)];
  return {
    cells: [momentText(start), ...values, whole.format(count), whole.format(anomalies)],
    isAnomalous: anomalies > 0,
  };
}

/** @type {(point: import("../live/series.js").Point, tag: Tag) => TableRow} */
function pointRow({ x, y, anomaly, id }, tag) {
  const why = anomaly ? `▲ ${reasonsOf(tag, id).join("; ")}` : "";
  return { cells: [momentText(x), detailText(tag, y), why], isAnomalous: anomaly };
}

/**
 * @param {string} caption
 * @param {string[]} columns
 * @param {TableRow[]} rows
 */
function table(caption, columns, rows) {
  const node = document.createElement("table");
  node.createCaption().textContent = caption;
  const head = node.createTHead().insertRow();
  for (const column of columns) {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = column;
  }
  markWords(head);
  const body = node.createTBody();
  for (const { cells, isAnomalous } of rows) {
    const row = body.insertRow();
    row.classList.toggle("anomalous", isAnomalous);
    for (const cell of cells) row.insertCell().textContent = cell;
    markWords(row);
  }
  return node;
}

/** @param {HTMLTableRowElement} row */
function markWords({ cells }) {
  if (cells.length === WORDY) cells[WORDY - 1].className = "words";
}
