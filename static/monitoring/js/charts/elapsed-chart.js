// A chart over elapsed time: lines with their bands, the band of a golden profile, samples, notes, spans and phases.
import { datasetsOf } from "./elapsed-datasets.js";
import { addElapsedMode, elapsedChartOptions, foundAt, textsAt } from "./elapsed-options.js";
import { elapsedRegions } from "./elapsed-regions.js";
import { elapsedText } from "./elapsed-tooltip.js";
import { eventSpans, setSpans } from "./event-spans.js";
import { noteMarks, setNotes } from "./note-marks.js";
import { playhead } from "./playhead.js";
import { onThemeChange, readTheme } from "../base/theme.js";

/**
 * A line: points in order of x, null in a gap. `low`, `high`: extremes at the points; `dash`, `shape`: see line-styles.js;
 * `colour`: 0 to 7, left out for the grey of a single trace; `stepped`: a value lasts until the next point.
 * @typedef {{label: string, points: [number, number | null][], low?: (number | null)[], high?: (number | null)[],
 *   dash?: number[], shape?: import("chart.js").PointStyle, colour?: number, stepped?: boolean}} ElapsedLine
 *
 * A band from low to high, as of a golden profile.
 * @typedef {{points: [number, number | null, number | null][], label: string, colour?: number}} ElapsedBand
 *
 * A mark at x; a sample with `y` is a dot. `until`: the end of a span, null while it lasts.
 * @typedef {{x: number, y?: number, kind: "sample" | "note" | "deviation" | "event", label: string,
 *   until?: number | null}} ElapsedMark
 *
 * `room`: values that the axis has at least; `chosen`: where a vertical line stands, in hours, null: none;
 * `xUnit`: the unit of x in tooltips, "h" by default; `range`: the ends of the axis, by default those of the points;
 * `now`: where spans that last end, by default the end of the axis; `zeroMs`: the time of x = 0 in epoch milliseconds, with which the axis tells the time of day.
 * @typedef {{unit: string, xTitle: string, decimals: number, lines: ElapsedLine[], bands?: ElapsedBand[],
 *   marks?: ElapsedMark[], regions?: import("./elapsed-regions.js").Region[], xUnit?: string,
 *   range?: {from: number, to: number} | null, zeroMs?: number | null, now?: number,
 *   room?: {from: number, to: number}, chosen?: number | null}} ElapsedOptions
 */

/** @type {Set<ElapsedChart>} */
const drawn = new Set();
let isFollowing = false;

/**
 * Draw a chart on a canvas. Chart.js must be loaded.
 * @param {HTMLCanvasElement} canvas
 * @param {ElapsedOptions} options
 */
export function drawElapsedChart(canvas, options) {
  return new ElapsedChart(canvas, options);
}

class ElapsedChart {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {ElapsedOptions} options
   */
  constructor(canvas, options) {
    this.canvas = canvas;
    this.options = options;
    this.chart = this.make();
    drawn.add(this);
    if (!isFollowing) onThemeChange(() => drawn.forEach((each) => each.restyle()));
    isFollowing = true;
  }

  make() {
    if (!window.Chart) throw new Error("Chart.js is not loaded");
    addElapsedMode(window.Chart);
    const theme = readTheme();
    const chart = new window.Chart(this.canvas, {
      type: "line",
      data: { datasets: datasetsOf(this.options, theme) },
      options: elapsedChartOptions(this.options, theme),
      plugins: [elapsedRegions, eventSpans, noteMarks, playhead],
    });
    mark(chart, this.options);
    chart.update("none");
    return chart;
  }

  /**
   * Draw other contents.
   * @param {ElapsedOptions} options
   */
  update(options) {
    this.options = options;
    const theme = readTheme();
    this.chart.data.datasets = datasetsOf(options, theme);
    this.chart.options = elapsedChartOptions(options, theme);
    mark(this.chart, options);
    this.chart.update("none");
  }

  /** Draw in the colours of the current theme. The chart is made again: Chart.js keeps the colours of drawn points. */
  restyle() {
    this.chart.destroy();
    this.chart = this.make();
  }

  destroy() {
    drawn.delete(this);
    this.chart.destroy();
  }

  /**
   * Point at x as the pointer does, and return what is there as text; empty outside the lines.
   * @param {number} x
   */
  pointAt(x) {
    const { chart, options } = this;
    const found = foundAt(chart, x);
    const { top } = chart.chartArea;
    chart.setActiveElements(found);
    chart.tooltip?.setActiveElements(found, { x: chart.scales.x.getPixelForValue(x), y: top });
    chart.update("none");
    return found.length ? [elapsedText(x, options), ...textsAt(chart, x, options)].join(", ") : "";
  }
}

/**
 * Set the notes and spans that the chart draws. Without `until` a mark is a moment.
 * @param {object} chart
 * @param {ElapsedOptions} options
 */
function mark(chart, { marks = [], now }) {
  const inOrder = [...marks].sort((one, other) => one.x - other.x);
  /** @type {any[]} notes and events with hours in place of times */
  const placed = inOrder.map(({ x, until, label, kind }, id) => ({ id, start: x, end: until, text: label, kind }));
  setNotes(
    chart,
    placed.filter(({ kind }) => kind === "note"),
  );
  const spans = placed.filter(({ kind }) => kind === "event" || kind === "deviation");
  setSpans(
    chart,
    spans.map((span) => ({ ...span, end: span.end === undefined ? span.start : span.end, until: now })),
    null,
  );
}
