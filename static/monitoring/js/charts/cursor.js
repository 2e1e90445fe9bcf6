// The moment that is pointed at in one chart is shown in all of them.
let moment = null;
let due = false;
const listeners = [];

/** The moment in epoch milliseconds, null if nothing is pointed at. */
export const pointedAt = () => moment;

/** The listener is called at the next frame after the moment has changed. */
export const onPointed = (listener) => listeners.push(listener);

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

/** Lets the pointer choose the moment over a plot; `chart()` gives Chart.js's chart, null before there is one. */
export function wirePointing(plot, chart) {
  plot.addEventListener("pointermove", (event) => {
    const { chartArea: area, scales } = chart() ?? {};
    if (!area) return;
    const pixel = event.clientX - plot.getBoundingClientRect().left;
    pointAt(pixel >= area.left && pixel <= area.right ? scales.x.getValueForPixel(pixel) : null);
  });
  plot.addEventListener("pointerleave", () => pointAt(null));
  plot.addEventListener("blur", () => pointAt(null));
}

/** The upright line over a plot. */
export class CursorLine {
  constructor(plot) {
    this.node = plot.appendChild(document.createElement("div"));
    this.node.className = "cursor";
    this.node.hidden = true;
  }

  /** Stands at the moment if the chart shows it. */
  show({ chartArea: area, scales }, at) {
    const isInside = at !== null && at >= scales.x.min && at <= scales.x.max;
    this.node.hidden = !isInside;
    if (!isInside) return;
    const { style } = this.node;
    style.top = `${area.top}px`;
    style.height = `${area.bottom - area.top}px`;
    style.transform = `translateX(${Math.round(scales.x.getPixelForValue(at))}px)`;
  }
}
