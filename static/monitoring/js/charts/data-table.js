// What a chart shows as a table: made when it is opened, renewed while nobody is reading in it.
import { reasonsOf } from "../live/findings.js";
import { momentText } from "../base/times.js";
import { valueText, whole } from "../base/words.js";

const MOST_ROWS = 300;
const EVERY_MS = 5000;
const WORDY = 3; // columns, of which the last is a text

export class DataTable {
  layer = null;
  range = null;
  filledAt = -Infinity;
  /** @type {HTMLDetailsElement} */
  details;
  /** @type {HTMLElement} */
  panel;
  /** @type {import("../base/settings.js").Tag} */
  tag;

  constructor(details, panel, tag) {
    Object.assign(this, { details, panel, tag });
    details.addEventListener("toggle", () => this.fill());
  }

  /** Takes what the chart shows now. */
  show(layer, range, { isLive }) {
    const isOther = !this.range || (!isLive && (range.from !== this.range.from || layer !== this.layer));
    Object.assign(this, { layer, range });
    if (!this.details.open) return;
    const isRead = this.panel.matches(":hover, :focus-within");
    if (isOther || (isLive && !isRead && performance.now() - this.filledAt > EVERY_MS)) this.fill();
  }

  fill() {
    if (!this.details.open || !this.layer) return this.panel.replaceChildren();
    this.filledAt = performance.now();
    const { columns, rows } = contents(this.layer, this.range, this.tag);
    const shown = rows.slice(-MOST_ROWS).reverse();
    this.panel.replaceChildren(table(captionText(shown.length, rows.length), columns, shown));
  }
}

function captionText(shown, all) {
  return shown < all
    ? `Newest first: ${whole.format(shown)} of ${whole.format(all)} rows`
    : `Newest first: ${whole.format(all)} rows`;
}

/** Single measurements, or intervals, with a row {cells, isAnomalous} each. */
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

function bucketRow({ start, low, y, high, count, anomalies }, tag) {
  const values = [low, y, high].map((value) => valueText(tag, value));
  return {
    cells: [momentText(start), ...values, whole.format(count), whole.format(anomalies)],
    isAnomalous: anomalies > 0,
  };
}

function pointRow({ x, y, anomaly, id }, tag) {
  const why = anomaly ? `▲ ${reasonsOf(tag, id).join("; ")}` : "";
  return { cells: [momentText(x), valueText(tag, y), why], isAnomalous: anomaly };
}

function table(caption, columns, rows) {
  const node = document.createElement("table");
  node.createCaption().textContent = caption;
  const head = node.createTHead().insertRow();
  for (const column of columns) {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = column;
  }
  if (columns.length === WORDY) head.lastElementChild.className = "words";
  const body = node.createTBody();
  for (const { cells, isAnomalous } of rows) {
    const row = body.insertRow();
    row.classList.toggle("anomalous", isAnomalous);
    for (const cell of cells) row.insertCell().textContent = cell;
    if (cells.length === WORDY) row.lastElementChild.className = "words";
  }
  return node;
}
