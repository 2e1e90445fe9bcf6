// The chart of one tag: what is drawn. How it looks and reacts is in chart-options.js.
import { ANOMALIES, chartOptions, nearestOnLine } from "./chart-options.js";
import { barsIn, barUnder, eventSpans, setSpans } from "./event-spans.js";
import { limitLines } from "./limit-lines.js";
import { playhead } from "./playhead.js";
import { ruleBand } from "./rule-band.js";

const SMALLEST_PX = 100; // a chart that is not laid out yet has no width

export class TagChart {
  made = null;
  /** @type {any} Chart.js, which makes them */
  Chart;
  /** @type {HTMLCanvasElement} */
  canvas;
  /** @type {import("../base/settings.js").Tag} */
  tag;
  /** @type {Record<string, any>} */
  theme;
  /** @type {(id: number) => string[]} */
  reasonsOf;

  /** `reasonsOf(id)`: why that measurement is an anomaly, in words. */
  constructor(Chart, canvas, tag, theme, reasonsOf) {
    Object.assign(this, { Chart, canvas, tag, theme, reasonsOf });
  }

  /** Chart.js's chart, made when it is needed. */
  get chart() {
    this.made ??= new this.Chart(this.canvas, {
      type: "line",
      data: { datasets: datasets(this.theme) },
      options: chartOptions(this.tag, this.theme, this.reasonsOf),
      plugins: [eventSpans, limitLines, playhead, ruleBand],
    });
    return this.made;
  }

  /** Whether it is there: out of view it is not. */
  get isMade() {
    return this.made !== null;
  }

  /** Lets go of all that the chart costs. */
  rest() {
    this.made?.destroy();
    this.made = null;
  }

  /** Takes other colours. The chart is made anew: Chart.js keeps those of points that it has drawn. */
  restyle(theme) {
    this.theme = theme;
    this.rest();
  }

  /** Draws a layer over a range, with {events, chosen} as spans; `at` is where playback stands, null if it does not. */
  draw(layer, range, { events, chosen }, at) {
    const { chart } = this;
    const { line, lone, marks, high, low } = layer.outline(range, Math.max(SMALLEST_PX, chart.width));
    [line, lone, marks, high, low].forEach((data, i) => (chart.data.datasets[i].data = data));
    Object.assign(chart.options.scales.x, { min: range.from, max: range.to });
    chart.options.plugins.playhead.at = at;
    setSpans(chart, events, chosen);
    chart.update("none");
  }

  timeAt(pixel) {
    return this.chart.scales.x.getValueForPixel(pixel);
  }

  /** Where a pixel lies between the axis' ends: 0 left, 1 right. */
  shareAt(pixel) {
    const { left, right } = this.chart.chartArea;
    return Math.min(1, Math.max(0, (pixel - left) / (right - left)));
  }

  /** A distance in pixels as a part of the axis. */
  shareOf(pixels) {
    const { left, right } = this.chart.chartArea;
    return pixels / (right - left);
  }

  /** The anomalies that are drawn, in order of time. */
  get marks() {
    return this.made?.data.datasets[ANOMALIES].data ?? [];
  }

  /** What can be pointed at one after another: anomalies, and bars of events from where they begin in sight. */
  get stops() {
    if (!this.made) return [];
    const bars = barsIn(this.made).map((bar) => ({ ...bar, x: this.timeAt(bar.left) }));
    return [...this.marks, ...bars].sort((one, other) => one.x - other.x);
  }

  /** The drawn anomaly under the pointer, or else the bar of events; null if there is neither. */
  markUnder(event) {
    const { chart, canvas } = this;
    const [hit] = chart.getElementsAtEventForMode(event, "reading", { intersect: true }, false);
    if (hit?.datasetIndex === ANOMALIES) return this.marks[hit.index];
    const { left, top } = canvas.getBoundingClientRect();
    return barUnder(chart, { x: event.clientX - left, y: event.clientY - top });
  }

  /** Shows the tooltip of a stop, as pointing at it does. */
  pointAt(stop) {
    const { chart } = this;
    const index = this.marks.indexOf(stop);
    const [hit] = index < 0 ? nearestOnLine(chart, stop.left) : [{ datasetIndex: ANOMALIES, index }];
    if (!hit) return;
    const { x, y } = chart.getDatasetMeta(hit.datasetIndex).data[hit.index];
    chart.setActiveElements([hit]);
    chart.tooltip.setActiveElements([hit], { x, y });
    chart.update("none");
  }
}

function datasets(theme) {
  const line = {
    borderColor: theme.trace,
    borderWidth: 0.085 * theme.rem,
    pointRadius: 0,
    pointHitRadius: 0,
    order: 3,
  };
  // Not clipped: what is newest lies on the edge, and a half triangle is easily overlooked.
  const lone = {
    clip: false,
    showLine: false,
    pointRadius: 0.13 * theme.rem,
    backgroundColor: theme.trace,
    borderWidth: 0,
    order: 2,
  };
  const anomalies = {
    clip: false,
    showLine: false,
    pointStyle: "triangle",
    pointRadius: Math.max(6, 0.42 * theme.rem),
    pointHoverRadius: Math.max(8, 0.55 * theme.rem),
    pointHitRadius: 6,
    backgroundColor: theme.alarm,
    borderColor: theme.panel, // keeps neighbours apart
    borderWidth: 1,
    hoverBackgroundColor: theme.alarm,
    hoverBorderColor: theme.text,
    order: 1,
  };
  const edge = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 4 };
  return [
    { label: "measurement or mean", data: [], ...line },
    { label: "measurement or mean", data: [], ...lone },
    { label: "anomaly", data: [], ...anomalies },
    { label: "highest", data: [], ...edge, fill: "+1", backgroundColor: theme.band },
    { label: "lowest", data: [], ...edge },
  ];
}
