// A figure of a batch: chart, sentence and table. The chart is drawn only while the figure is in or near the view.
import { announceNow } from "../base/announcer.js";
import { partsOf, setAttribute, setText } from "../base/dom.js";
import { drawElapsedChart } from "../charts/elapsed-chart.js";
import { fillTable, summary } from "./value-table.js";

/** @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions */

/** @type {Record<string, number>} */
const ALONG = { ArrowLeft: -1, ArrowRight: 1 };
const STEPS = 100; // of the axis, by the keyboard

export class BatchFigure {
  /** @type {ElapsedOptions | null} */
  options = null;
  /** @type {ReturnType<typeof drawElapsedChart> | null} */
  chart = null;
  isNear = false;
  /** @type {number | null} */
  at = null;

  /**
   * @param {HTMLElement} element
   * @param {string} title
   */
  constructor(element, title) {
    this.element = element;
    this.title = title;
    const { plot, table, text } = partsOf(element);
    this.table = table;
    this.text = text;
    this.details = /** @type {HTMLDetailsElement} */ (element.querySelector("details"));
    this.canvas = /** @type {HTMLCanvasElement} */ (element.querySelector("canvas"));
    this.details.addEventListener("toggle", () => this.fill());
    plot.tabIndex = 0;
    setAttribute(plot, "role", "application"); // so that a screen reader leaves the arrow keys to the chart
    setAttribute(plot, "aria-label", `${title} over elapsed time`);
    plot.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.walk(event));
  }

  /**
   * Show other contents.
   * @param {ElapsedOptions} options
   */
  show(options) {
    this.options = options;
    setText(this.text, this.sentence(options));
    this.fill();
    this.draw();
  }

  /**
   * Return the contents as a sentence.
   * @param {ElapsedOptions} options
   */
  sentence(options) {
    return summary(options);
  }

  /** @param {string} text why there is nothing to show */
  tell(text) {
    setText(this.text, text);
  }

  fill() {
    if (!this.details.open) this.table.replaceChildren();
    else if (this.options) this.fillWith(this.options);
  }

  /**
   * Fill the table.
   * @param {ElapsedOptions} options
   */
  fillWith(options) {
    fillTable(this.table, options);
  }

  draw() {
    if (!this.options || !window.Chart || !this.isNear) return;
    if (this.chart) this.chart.update(this.options);
    else this.chart = drawElapsedChart(this.canvas, this.options);
  }

  /** @param {boolean} isNear */
  setNear(isNear) {
    this.isNear = isNear;
    if (isNear) return this.draw();
    this.chart?.destroy();
    this.chart = null;
  }

  /**
   * Go along the values by the arrow keys.
   * @param {KeyboardEvent} event
   */
  walk(event) {
    const direction = ALONG[event.key];
    if (!direction || !this.chart || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { min, max } = this.chart.chart.scales.x;
    const from = this.at ?? (direction > 0 ? min : max);
    this.at = Math.min(max, Math.max(min, from + direction * this.stride(event, max - min)));
    announceNow(this.chart.pointAt(this.at) || "no value");
  }

  /**
   * Return the length of a step by a key, in hours.
   * @param {KeyboardEvent} _event
   * @param {number} length of the axis
   */
  stride(_event, length) {
    return length / STEPS;
  }
}
