// The moment under the pointer in one chart is shown in all charts.

/** @typedef {import("./chart-options.js").LineChart} LineChart */

/** @type {number | null} */
let moment = null;
let due = false;
/** @type {(() => void)[]} */
const listeners = [];

/** Return the moment in epoch milliseconds; null if the pointer is on no chart. */
export const pointedAt = () => moment;

/**
 * Call the listener in the next frame after the moment has changed.
 * @param {() => void} listener
 */
export const onPointed = (listener) => listeners.push(listener);

/** @param {number | null} at epoch milliseconds */
export function pointAt(at) {
  if (at === moment) return;
  moment = at;
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    for (const listener of listeners) listener();
  });
}

/**
 * Let the pointer choose the moment over a plot.
 * @param {HTMLElement} plot
 * @param {() => LineChart | null | undefined} chart returns null or undefined while there is no chart
 */
export function wirePointing(plot, chart) {
  plot.addEventListener("pointermove", (event) => {
    const { chartArea: area, scales } = chart() ?? {};
    if (!area || !scales) return;
    const pixel = event.clientX - plot.getBoundingClientRect().left;
    pointAt(pixel >= area.left && pixel <= area.right ? (scales.x.getValueForPixel(pixel) ?? null) : null);
  });
  plot.addEventListener("pointerleave", () => pointAt(null));
  plot.addEventListener("blur", () => pointAt(null));
}

/** The vertical line over a plot. */
export class CursorLine {
  /** @param {HTMLElement} plot */
  constructor(plot) {
    this.node = plot.appendChild(document.createElement("div"));
    this.node.className = "cursor";
    this.node.hidden = true;
  }

  /**
   * Show the line at a moment, or hide it if the chart does not show the moment.
   * @param {LineChart} chart
   * @param {number | null} at epoch milliseconds
   */
  show({ chartArea: area, scales }, at) {
    if (at === null || at < scales.x.min || at > scales.x.max) {
      this.node.hidden = true;
      return;
    }
    this.node.hidden = false;
    const { style } = this.node;
    style.top = `${area.top}px`;
    style.height = `${area.bottom - area.top}px`;
    style.transform = `translateX(${Math.round(scales.x.getPixelForValue(at))}px)`;
  }
}
