// The contents of the chart of one tag. The appearance and interaction are in chart-options.js.
import { ANOMALIES, chartOptions, nearestOnLine } from "./chart-options.js";
import { barsIn, barUnder, eventSpans, setSpans } from "./event-spans.js";
import { serverNow } from "../base/clock.js";
import { heldLine } from "./held-line.js";
import { isHeld } from "../base/kinds.js";
import { limitLines } from "./limit-lines.js";
import { noteMarks, setNotes } from "./note-marks.js";
import { playhead } from "./playhead.js";
import { qualityHatch, setHatches } from "./quality-hatch.js";
import { ruleBand } from "./rule-band.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("./chart-options.js").ChartLibrary} ChartLibrary
 * @typedef {import("./chart-options.js").LineChart} LineChart
 * @typedef {import("./event-bars.js").Bar} Bar
 * @typedef {import("./raw-layer.js").Mark} Mark
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 *
 * A selection of the keyboard in a chart: the marker of anomalies, or the bar of events at the time `x`.
 * @typedef {Mark | (Bar & {x: number})} Stop
 */

const SMALLEST_PX = 100; // a chart before its layout has no width
const MARK_SIZES = 3; // distance of two markers in their radius

export class TagChart {
  /** @type {LineChart | null} */
  made = null;

  /**
   * @param {ChartLibrary} Chart
   * @param {HTMLCanvasElement} canvas
   * @param {Tag} tag
   * @param {Theme} theme
   * @param {(id: number) => string[]} reasonsOf returns why the measurement with this id is an anomaly
   */
  constructor(Chart, canvas, tag, theme, reasonsOf) {
    this.Chart = Chart;
    this.canvas = canvas;
    this.tag = tag;
    this.theme = theme;
    this.reasonsOf = reasonsOf;
  }

  /** The chart of Chart.js, created on first use. */
  get chart() {
    this.made ??= /** @type {LineChart} */ (
      new this.Chart(this.canvas, {
        type: "line",
        data: { datasets: datasets(this.theme, isHeld(this.tag)) },
        options: chartOptions(this.tag, this.theme, this.reasonsOf),
        plugins: [qualityHatch, eventSpans, limitLines, noteMarks, playhead, ruleBand],
      })
    );
    return this.made;
  }

  /** Whether the chart exists: out of view it does not. */
  get isMade() {
    return this.made !== null;
  }

  /** Destroy the chart and free its memory; the next draw creates it again. */
  release() {
    this.made?.destroy();
    this.made = null;
  }

  /**
   * Use the colours of another theme. The chart is created again: Chart.js keeps the colours of points that it has
   * drawn.
   * @param {Theme} theme
   */
  restyle(theme) {
    this.theme = theme;
    this.release();
  }

  /**
   * Draw a layer, events, notes and times without good values over a range.
   * @param {import("./raw-layer.js").Layer} layer
   * @param {import("../base/settings.js").TimeRange} range
   * @param {{events: import("../live/events.js").PlantEvent[], chosen: number | null,
   *   notes: import("../live/notes.js").Note[], spans: import("../live/spans.js").Span[]}} marks `chosen`: id of an event
   * @param {number | null} at where playback stands, null without playback
   */
  draw(layer, range, { events, chosen, notes, spans }, at) {
    const { chart } = this;
    const width = Math.max(SMALLEST_PX, chart.width);
    const { line, lone, marks, high, low, lasting } = layer.outline(range, width, MARK_SIZES * markRadius(this.theme));
    const drawn = isHeld(this.tag) ? heldLine(line, spans, this.heldUntil(layer, range)) : line;
    [drawn, lone, marks, high, low, lasting].forEach((data, i) => (chart.data.datasets[i].data = data));
    Object.assign(chart.options.scales.x, { min: range.from, max: range.to });
    chart.options.plugins.playhead.at = at;
    setSpans(chart, events, chosen);
    setNotes(chart, notes);
    setHatches(chart, spans);
    chart.update("none");
  }

  /**
   * Return until when the last value of a layer counts: as long as the tag is not stale, and not beyond now.
   * @param {import("./raw-layer.js").Layer} layer
   * @param {import("../base/settings.js").TimeRange} range
   */
  heldUntil(layer, { to }) {
    const last = layer.buckets ? layer.buckets.at(-1)?.end : layer.points.at(-1)?.x;
    return Math.min(to, layer.to, serverNow(), (last ?? to) + this.tag.staleAfterMs);
  }

  /** @param {number} pixel */
  timeAt(pixel) {
    return this.chart.scales.x.getValueForPixel(pixel) ?? NaN;
  }

  /**
   * Return where a pixel lies between the ends of the axis: 0 left, 1 right.
   * @param {number} pixel
   */
  shareAt(pixel) {
    const { left, right } = this.chart.chartArea;
    return Math.min(1, Math.max(0, (pixel - left) / (right - left)));
  }

  /**
   * Return a distance in pixels as a part of the axis.
   * @param {number} pixels
   */
  shareOf(pixels) {
    const { left, right } = this.chart.chartArea;
    return pixels / (right - left);
  }

  /** The markers of anomalies in the chart, in order of time. */
  get marks() {
    return /** @type {Mark[]} */ (this.made?.data.datasets[ANOMALIES].data ?? []);
  }

  /** The stops of the keyboard in order of time: anomalies, and the visible starts of events. */
  get stops() {
    if (!this.made) return [];
    const bars = barsIn(this.made).map((bar) => ({ ...bar, x: this.timeAt(bar.left) }));
    /** @type {Stop[]} */
    const stops = [...this.marks, ...bars];
    return stops.sort((one, other) => one.x - other.x);
  }

  /**
   * Return the anomaly under the pointer, or else the bar of events; null if there is neither.
   * @param {MouseEvent} event
   */
  markUnder(event) {
    const { chart, canvas } = this;
    const [hit] = chart.getElementsAtEventForMode(event, "reading", { intersect: true }, false);
    if (hit?.datasetIndex === ANOMALIES) return this.marks[hit.index];
    const { left, top } = canvas.getBoundingClientRect();
    return barUnder(chart, { x: event.clientX - left, y: event.clientY - top });
  }

  /**
   * Show the tooltip of a stop, as the pointer does.
   * @param {Stop} stop
   */
  pointAt(stop) {
    const { chart } = this;
    const hit = "events" in stop ? nearestOnLine(chart, stop.left)[0] : this.foundMark(stop);
    if (!hit) return;
    const { x, y } = chart.getDatasetMeta(hit.datasetIndex).data[hit.index];
    chart.setActiveElements([hit]);
    chart.tooltip?.setActiveElements([hit], { x, y });
    chart.update("none");
  }

  /**
   * Return a marker as Chart.js addresses it; null if the chart does not have it.
   * @param {Mark} mark
   */
  foundMark(mark) {
    const index = this.marks.indexOf(mark);
    return index < 0 ? null : { datasetIndex: ANOMALIES, index };
  }
}

/** @param {Theme} theme */
const markRadius = (theme) => Math.max(6, 0.42 * theme.rem);

/**
 * @param {Theme} theme
 * @param {boolean} isStepped
 * @returns {import("chart.js").ChartDataset<"line", DrawnPoint[]>[]}
 */
function datasets(theme, isStepped) {
  const line = {
    stepped: isStepped,
    borderColor: theme.trace,
    borderWidth: 0.085 * theme.rem,
    pointRadius: 0,
    pointHitRadius: 0,
    order: 3,
  };
  // Not clipped: the newest point lies on the edge, and half a triangle is easily overlooked.
  /** @type {{clip: false}} */
  const unclipped = { clip: false };
  const lone = {
    ...unclipped,
    showLine: false,
    pointRadius: 0.13 * theme.rem,
    backgroundColor: theme.trace,
    borderWidth: 0,
    order: 2,
  };
  const anomalies = {
    ...unclipped,
    showLine: false,
    pointStyle: "triangle",
    pointRadius: markRadius(theme),
    pointHoverRadius: Math.max(8, 0.55 * theme.rem),
    pointHitRadius: 6,
    backgroundColor: theme.alarm,
    borderWidth: 0, // a border would erase the line below
    hoverBorderWidth: 1,
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
    {
      label: "lasting violation",
      data: [],
      ...line,
      borderColor: theme.alarm,
      borderWidth: 2 * line.borderWidth,
      order: 2,
    },
  ];
}
