// The appearance and interaction of a tag's chart: axes, limit lines, tooltip.
import { pointedAt } from "./cursor.js";
import { barOptions, barsAt, stripHeight } from "./event-spans.js";
import { NOTE_SIGN, noteMarkOptions, notesAt } from "./note-marks.js";
import { EVENT_SIGN, kindText, whenText, whyText } from "../lists/event-words.js";
import { hatchOptions, spansAt } from "./quality-hatch.js";
import { SPAN_SIGN, spanText } from "../live/spans.js";
import { statesOf, stateTicks } from "../base/kinds.js";
import { firstIndex } from "../base/search.js";
import { timeTicks, valueTicks, valueTickText } from "../base/ticks.js";
import { momentText, rangeText } from "../base/times.js";
import { anomaliesText, detailText, meanText, spreadText, whole, withUnit } from "../base/words.js";
import { tooltipLook } from "./tooltip-look.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("./bucket-layer.js").Bucket} Bucket
 * @typedef {import("./bucket-layer.js").IntervalMark} IntervalMark
 * @typedef {import("./limit-lines.js").Limit} Limit
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 *
 * @typedef {NonNullable<Window["Chart"]>} ChartLibrary
 *
 * A line chart whose options for plugins and the time axis are complete.
 * @typedef {import("chart.js").Chart<"line", DrawnPoint[]> & {options: {
 *   plugins: import("chart.js").PluginOptionsByType<"line">, scales: {x: object}}}} LineChart
 *
 * @typedef {NonNullable<import("chart.js").ChartOptions<"line">["scales"]>[string]} AxisOptions
 * @typedef {{family: string, size: number}} ChartFont
 *
 * A measurement, an interval or a marker that a tooltip describes.
 * @typedef {{raw: import("./raw-layer.js").Mark | Bucket, chart: LineChart, datasetIndex: number}} TooltipItem
 *
 * An element of a dataset, as Chart.js addresses it.
 * @typedef {{element: import("chart.js").Element, datasetIndex: number, index: number}} FoundElement
 */

const LINE = 0; // indexes of the datasets
export const ANOMALIES = 2;
const MOST_EVENTS = 3; // in a tooltip
const STATE_ROOM = 0.5; // above and below the states of a discrete tag
const STATE_LETTERS = 9; // beside the axis
const NOTE_LINES = 2; // of each note in a tooltip
const WRAP = 34; // characters in a tooltip's line on a phone
const PIECES = new RegExp(`.{1,${WRAP}}`, "gu");

/**
 * Return the options of Chart.js. All animation is off: only the process should move.
 * @param {Tag} tag
 * @param {Theme} theme
 * @param {(id: number) => string[]} reasonsOf returns why the measurement with this id is an anomaly
 * @returns {import("chart.js").ChartOptions<"line">}
 */
export function chartOptions(tag, theme, reasonsOf) {
  const font = { family: theme.font, size: 0.75 * theme.rem };
  const limits = limitsOf(tag);
  return {
    animation: false,
    parsing: false,
    normalized: true,
    spanGaps: false,
    responsive: true,
    maintainAspectRatio: false,
    locale: "en",
    font,
    color: theme.text,
    layout: { padding: { top: stripHeight(theme.rem), right: 0.9 * theme.rem } },
    interaction: { mode: "reading" },
    scales: { x: timeAxis(theme, font), y: valueAxis(tag, limits, theme, font) },
    plugins: {
      legend: { display: false },
      limitLines: {
        limits,
        colour: theme.muted,
        text: theme.muted,
        panel: theme.panel,
        fontSize: font.size,
        family: theme.font,
      },
      playhead: { colour: theme.text },
      eventSpans: barOptions(theme, font),
      noteMarks: noteMarkOptions(theme, font),
      qualityHatch: hatchOptions(theme, font),
      ruleBand: { colour: theme.focus, fill: theme.band, panel: theme.panel, fontSize: font.size, family: theme.font },
      tooltip: tooltip(tag, theme, font, reasonsOf),
    },
  };
}

/**
 * Return the limits that the tag has, the upper one first.
 * @param {Tag} tag
 */
function limitsOf({ lower, upper }) {
  /** @type {Limit[]} */
  const limits = [];
  if (upper !== null) limits.push({ name: "upper", value: upper });
  if (lower !== null) limits.push({ name: "lower", value: lower });
  return limits;
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
    border: { color: theme.line },
    afterBuildTicks(axis) {
      axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / (5.5 * theme.rem))));
    },
    ticks: { color: theme.muted, font, maxRotation: 0, autoSkip: false, callback: (_value, i, ticks) => ticks[i].text },
  };
}

/**
 * @param {Tag} tag
 * @param {Limit[]} limits
 * @param {Theme} theme
 * @param {ChartFont} font
 * @returns {AxisOptions}
 */
function valueAxis(tag, limits, theme, font) {
  if (statesOf(tag).length) return stateAxis(tag, theme, font);
  const bounds = limits.map(({ value }) => value);
  const room = bounds.length === 2 ? (bounds[0] - bounds[1]) * 0.18 : 0; // for the labels outside the lines
  return {
    bounds: "data",
    suggestedMin: bounds.length ? Math.min(...bounds) - room : undefined,
    suggestedMax: bounds.length ? Math.max(...bounds) + room : undefined,
    grace: bounds.length === 2 ? 0 : "12%",
    title: { display: Boolean(tag.unit), text: tag.unit, color: theme.muted, font },
    grid: { color: theme.grid },
    border: { color: theme.line },
    ticks: { color: theme.muted, font, callback: (value, _i, ticks) => valueTickText(Number(value), ticks) },
    afterBuildTicks(axis) {
      axis.ticks = valueTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))));
    },
    // The same width for every tag and value, so that the time axes of all charts stay aligned.
    afterFit: (axis) => (axis.width = 4.4 * theme.rem),
  };
}

/**
 * Return the axis of a tag with states: all of them, by their names.
 * @param {Tag} tag
 * @param {Theme} theme
 * @param {ChartFont} font
 * @returns {AxisOptions}
 */
function stateAxis(tag, theme, font) {
  const values = statesOf(tag).map(({ value }) => value);
  return {
    bounds: "data",
    suggestedMin: values[0] - STATE_ROOM,
    suggestedMax: values[values.length - 1] + STATE_ROOM,
    grid: { color: theme.grid },
    border: { color: theme.line },
    ticks: { color: theme.muted, font, callback: (_value, i, ticks) => ticks[i].text },
    afterBuildTicks(axis) {
      axis.ticks = stateTicks(tag, axis, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))), STATE_LETTERS);
    },
    afterFit: (axis) => (axis.width = 4.4 * theme.rem),
  };
}

/**
 * @param {Tag} tag
 * @param {Theme} theme
 * @param {ChartFont} font
 * @param {(id: number) => string[]} reasonsOf
 * @returns {any} the types of Chart.js do not cover the points that the layers draw
 */
function tooltip(tag, theme, font, reasonsOf) {
  return {
    ...tooltipLook(theme, font),
    callbacks: {
      title: (/** @type {TooltipItem[]} */ [{ raw }]) =>
        "end" in raw ? rangeText({ from: raw.start, to: raw.end }) : momentText(raw.x),
      label: (/** @type {TooltipItem} */ { raw, datasetIndex }) => {
        if ("end" in raw)
          return "count" in raw && datasetIndex !== ANOMALIES ? bucketLines(tag, raw) : markLines(tag, raw);
        const value = withUnit(tag, detailText(tag, raw.y));
        if (datasetIndex !== ANOMALIES) return value;
        return [value, "▲ anomaly:", ...reasonsOf(raw.id).flatMap(wrapped)];
      },
      afterBody(/** @type {TooltipItem[]} */ [{ raw, chart, datasetIndex }]) {
        const moment = datasetIndex === ANOMALIES ? raw.x : (pointedAt() ?? raw.x);
        return [...spanLines(chart, moment), ...eventLines(chart, moment), ...noteLines(chart, moment)];
      },
    },
  };
}

/**
 * @param {Tag} tag
 * @param {Pick<IntervalMark, "anomalies" | "low" | "high">} mark
 */
function markLines(tag, mark) {
  return [
    `▲ ${anomaliesText(mark.anomalies)}`,
    withUnit(tag, spreadText(tag, mark.low, mark.high)),
    "click or Enter to see them",
  ];
}

/**
 * @param {Tag} tag
 * @param {Bucket} bucket
 */
function bucketLines(tag, { y, low, high, count }) {
  return count === 1
    ? withUnit(tag, detailText(tag, y))
    : [
        ...(tag.kind === "discrete" ? [] : [`mean ${withUnit(tag, meanText(tag, y))}`]),
        withUnit(tag, spreadText(tag, low, high)),
        `${whole.format(count)} measurements`,
      ];
}

/**
 * Describe the times without good values at a moment.
 * @param {LineChart} chart
 * @param {number} moment epoch milliseconds
 */
function spanLines(chart, moment) {
  const found = spansAt(chart, chart.scales.x.getPixelForValue(moment));
  return found.slice(0, MOST_EVENTS).flatMap((span) => wrapped(`${SPAN_SIGN} ${spanText(span)}`));
}

/**
 * Describe the events at a moment. The rest of the tooltip describes the nearest measurement.
 * @param {LineChart} chart
 * @param {number} moment epoch milliseconds
 */
function eventLines(chart, moment) {
  const found = barsAt(chart, chart.scales.x.getPixelForValue(moment)).flatMap(({ events }) => events);
  const lines = found
    .slice(0, MOST_EVENTS)
    .flatMap((event) => [`${EVENT_SIGN} ${kindText(event)}, ${whenText(event)}:`, ...wrapped(whyText(event))]);
  return found.length > MOST_EVENTS ? [...lines, `and ${found.length - MOST_EVENTS} more`] : lines;
}

/**
 * Return the notes at a moment as lines.
 * @param {LineChart} chart
 * @param {number} moment epoch milliseconds
 */
export function noteLines(chart, moment) {
  const found = notesAt(chart, chart.scales.x.getPixelForValue(moment));
  const lines = found.slice(0, MOST_EVENTS).flatMap(noteText);
  return found.length > MOST_EVENTS ? [...lines, `and ${found.length - MOST_EVENTS} more`] : lines;
}

/**
 * Return the begin of a note and its author as lines.
 * @param {{text: string, by: string}} note
 */
export function noteText({ text, by }) {
  const lines = wrapped(`${NOTE_SIGN} ${text} (${by})`);
  if (lines.length <= NOTE_LINES) return lines;
  const last = lines[NOTE_LINES - 1].slice(0, WRAP - 1).trimEnd();
  return [...lines.slice(0, NOTE_LINES - 1), `${last}…`, ...wrapped(`(${by})`).slice(0, 1)];
}

/**
 * Break a text into lines for a tooltip. A word that is longer than a line is split.
 * @param {string} text
 */
function wrapped(text) {
  const words = text.split(/[ \n\r\t]+/).flatMap((word) => word.match(PIECES) ?? []);
  return words.reduce((/** @type {string[]} */ lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    return lines.length && longer.length <= WRAP ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, []);
}

/**
 * Add the interaction mode "reading": an anomaly if the pointer is on one, else the measurement nearest in time.
 * @param {ChartLibrary} Chart
 */
export function addReadingMode(Chart) {
  const { modes } = Chart.Interaction;
  modes.reading = (chart, event, _options, final) => {
    const hits = modes.point(chart, event, { intersect: true }, final);
    const anomaly = hits.find(({ datasetIndex }) => datasetIndex === ANOMALIES);
    return anomaly ? [anomaly] : nearestOnLine(/** @type {any} */ (chart), /** @type {{x: number}} */ (event).x);
  };
}

/**
 * Return the measurement nearest to a pixel as the only item; empty if none is in view.
 * @param {LineChart} chart
 * @param {number} pixel
 * @returns {FoundElement[]}
 */
export function nearestOnLine(chart, pixel) {
  const { data } = chart.data.datasets[LINE];
  const elements = chart.getDatasetMeta(LINE).data;
  const time = chart.scales.x.getValueForPixel(pixel) ?? NaN;
  const index = firstIndex(data.length, (i) => data[i].x < time);
  const { left, right } = chart.chartArea;
  // A break has the time of the point after it, so that two on either side include the nearest.
  const near = [-2, -1, 0, 1].map((distance) => index + distance);
  const drawn = near.filter(
    (i) => data[i] && !Number.isNaN(data[i].y) && elements[i]?.x >= left && elements[i].x <= right,
  );
  drawn.sort((one, other) => Math.abs(data[one].x - time) - Math.abs(data[other].x - time));
  return drawn.slice(0, 1).map((i) => ({ element: elements[i], datasetIndex: LINE, index: i }));
}
