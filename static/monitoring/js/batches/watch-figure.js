// The figure of the score: a click, or Enter, chooses the minute whose contributions are shown.
import { setAttribute } from "../base/dom.js";
import { BatchFigure } from "./figure.js";
import { tableOf } from "./value-table.js";
import { scoreTable } from "./watch.js";

/** @typedef {import("../charts/elapsed-chart.js").ElapsedOptions} ElapsedOptions */

const TITLE = "Score of the batch";
const MINUTE_H = 1 / 60;

export class WatchFigure extends BatchFigure {
  /** The contents as a sentence. */
  told = "";

  /**
   * @param {HTMLElement} element
   * @param {(x: number) => void} onChoose called with the hours that a person has chosen
   */
  constructor(element, onChoose) {
    super(element, TITLE);
    this.onChoose = onChoose;
    setAttribute(
      /** @type {HTMLElement} */ (element.querySelector(".plot")),
      "aria-label",
      `${TITLE} over elapsed time: arrow keys go along it, Enter shows the contributions of the minute`,
    );
    this.canvas.addEventListener("click", ({ offsetX }) => {
      const x = this.chart?.chart.scales.x.getValueForPixel(offsetX);
      if (x !== undefined) this.choose(x);
    });
  }

  sentence() {
    return this.told;
  }

  /** @param {ElapsedOptions} options */
  fillWith(options) {
    const { titles, rows } = scoreTable(options);
    this.table.replaceChildren(tableOf(titles, rows));
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    if (event.key !== "Enter" || this.at === null) return super.walk(event);
    event.preventDefault();
    this.onChoose(this.at);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} length
   */
  stride(event, length) {
    return event.shiftKey ? MINUTE_H : super.stride(event, length);
  }

  /** @param {number} x */
  choose(x) {
    this.at = x;
    this.onChoose(x);
  }
}
