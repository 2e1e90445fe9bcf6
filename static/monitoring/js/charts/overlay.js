// Several tags in one chart with an axis each. The lines differ by their dashes and by the names beside them.
import { barOptions, eventSpans, setSpans, stripHeight } from "./event-spans.js";
import { noteMarkOptions, noteMarks, setNotes } from "./note-marks.js";
import { isHeld } from "../base/kinds.js";
import { kindText } from "../lists/event-words.js";
import { tagOf } from "../base/settings.js";
import { timeTicks, valueTicks, valueTickText } from "../base/ticks.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("./chart-options.js").AxisOptions} AxisOptions
 * @typedef {import("./chart-options.js").ChartFont} ChartFont
 * @typedef {import("./chart-options.js").LineChart} LineChart
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 *
 * The options of the plugin for the lines' names.
 * @typedef {{names: string[], panel: string, font: string}} LineNameOptions
 */

/** The dashes of the lines in pixels, in the order of the tags. */
export const DASHES = [[], [9, 5], [2, 4], [12, 4, 2, 4]];
const SMALLEST_PX = 100; // a chart before its layout has no width

export class Overlay {
  /**
   * @param {import("./chart-options.js").ChartLibrary} Chart
   * @param {HTMLCanvasElement} canvas
   * @param {Tag[]} tags
   * @param {Theme} theme
   */
  constructor(Chart, canvas, tags, theme) {
    this.tags = tags;
    this.chart = /** @type {LineChart} */ (
      new Chart(canvas, {
        type: "line",
        data: { datasets: tags.flatMap((tag, i) => datasets(tag, i, theme)) },
        options: options(tags, theme),
        plugins: [eventSpans, noteMarks, lineNames],
      })
    );
  }

  /**
   * Draw the tags' layers, events and notes.
   * @param {(import("./raw-layer.js").Layer | null)[]} layers in the order of the tags; null while a layer is loading
   * @param {{events: import("../live/events.js").PlantEvent[], notes: import("../live/notes.js").Note[]}} marks
   * @param {import("../base/settings.js").TimeRange} range
   */
  draw(layers, { events, notes }, range) {
    const { chart } = this;
    layers.forEach((layer, i) => {
      const { line, marks } = layer?.outline(range, Math.max(SMALLEST_PX, chart.width)) ?? { line: [], marks: [] };
      chart.data.datasets[2 * i].data = line;
      // The extremes of an interval are far from the mean: they would stretch the axis, without a clear line.
      chart.data.datasets[2 * i + 1].data = layer?.buckets ? [] : marks;
    });
    Object.assign(chart.options.scales.x, { min: range.from, max: range.to });
    setSpans(chart, events, null);
    setNotes(chart, notes);
    chart.update("none");
  }

  destroy() {
    this.chart.destroy();
  }
}

/**
 * Return the datasets of one tag: the line, and the anomalies.
 * @param {Tag} tag
 * @param {number} i
 * @param {Theme} theme
 * @returns {import("chart.js").ChartDataset<"line", DrawnPoint[]>[]}
 */
function datasets(tag, i, theme) {
  const yAxisID = `y${i}`;
  return [
    {
      data: [],
      yAxisID,
      stepped: isHeld(tag),
      order: 2,
      borderColor: theme[`line-${i + 1}`],
      borderDash: DASHES[i],
      borderWidth: 0.11 * theme.rem,
      pointRadius: 0,
    },
    {
      data: [],
      yAxisID,
      order: 1,
      clip: false,
      showLine: false,
      pointStyle: "triangle",
      pointRadius: 0.38 * theme.rem,
      backgroundColor: theme.alarm,
      borderColor: theme.panel,
    },
  ];
}

/**
 * @param {Tag[]} tags
 * @param {Theme} theme
 * @returns {import("chart.js").ChartOptions<"line">}
 */
function options(tags, theme) {
  const font = { family: theme.font, size: 0.75 * theme.rem };
  const axes = tags.map((tag, i) => [`y${i}`, valueAxis(tag, i, theme, font)]);
  return {
    animation: false,
    parsing: false,
    normalized: true,
    responsive: true,
    maintainAspectRatio: false,
    events: [],
    layout: { padding: { top: stripHeight(theme.rem) } },
    scales: { x: timeAxis(theme, font), ...Object.fromEntries(axes) },
    plugins: {
      legend: { display: false },
      tooltip: { enabled: false },
      eventSpans: barOptions(theme, font, (event) => `${tagOf(event.tag).shownName}: ${kindText(event)}`),
      noteMarks: noteMarkOptions(theme, font),
      lineNames: {
        names: tags.map(({ shownName }) => shownName),
        panel: theme.panel,
        font: `600 ${font.size}px ${theme.font}`,
      },
    },
  };
}

/**
 * @param {Theme} theme
 * @param {ChartFont} font
 * @returns {AxisOptions}
 */
function timeAxis(theme, font) {
  return {
    type: "linear",
    grid: { color: theme.grid },
    afterBuildTicks: (axis) =>
      (axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / (5.5 * theme.rem))))),
    ticks: { color: theme.muted, font, maxRotation: 0, autoSkip: false, callback: (_value, i, ticks) => ticks[i].text },
  };
}

/**
 * @param {Tag} tag
 * @param {number} i
 * @param {Theme} theme
 * @param {ChartFont} font
 * @returns {AxisOptions}
 */
function valueAxis(tag, i, theme, font) {
  const color = theme[`line-${i + 1}`];
  return {
    position: i % 2 ? "right" : "left",
    grace: "10%",
    grid: { color: theme.grid, drawOnChartArea: i === 0 },
    border: { color },
    title: { display: true, text: tag.unit ? `${tag.shownName} (${tag.unit})` : tag.shownName, color, font },
    ticks: { color, font, callback: (value, _i, ticks) => valueTickText(Number(value), ticks) },
    afterBuildTicks: (axis) =>
      (axis.ticks = valueTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))))),
  };
}

/**
 * Write each line's name at its end, moved apart where lines end close together.
 * @type {import("chart.js").Plugin<"line", LineNameOptions>}
 */
const lineNames = {
  id: "lineNames",
  afterDatasetsDraw(chart, _args, { names, panel, font }) {
    const { ctx, chartArea: area } = chart;
    const ends = names.flatMap((name, i) => {
      const end = endOf(chart, 2 * i);
      return end ? [{ name, ...end, color: String(chart.data.datasets[2 * i].borderColor) }] : [];
    });
    ends.sort((one, other) => one.y - other.y);
    ctx.save();
    Object.assign(ctx, {
      font,
      textAlign: "right",
      textBaseline: "bottom",
      lineWidth: 4,
      strokeStyle: panel,
      lineJoin: "round",
    });
    let above = area.top;
    for (const { name, x, y, color } of ends) {
      const size = parseFloat(font.slice(4)) * 1.2;
      const baseline = Math.max(above + size, Math.min(y - 4, area.bottom));
      ctx.strokeText(name, Math.min(x, area.right) - 6, baseline);
      ctx.fillStyle = color;
      ctx.fillText(name, Math.min(x, area.right) - 6, baseline);
      above = baseline;
    }
    ctx.restore();
  },
};

/**
 * Return the pixel of a line's last point in view; null if there is none.
 * @param {import("chart.js").Chart<"line">} chart
 * @param {number} dataset
 */
function endOf(chart, dataset) {
  const { left, right } = chart.chartArea;
  const points = /** @type {{x: number, y: number, skip?: boolean}[]} */ (
    /** @type {unknown} */ (chart.getDatasetMeta(dataset).data)
  );
  const last = points.findLast(({ x, y, skip }) => !skip && !Number.isNaN(y) && x >= left && x <= right + 1);
  return last ? { x: last.x, y: last.y } : null;
}
