// How a tag's chart looks and reacts: axes, limit lines, tooltip.
import { pointedAt } from "./cursor.js";
import { barsAt, spanOptions, stripHeight } from "./event-spans.js";
import { EVENT_SIGN, kindText, whenText, whyText } from "../lists/event-words.js";
import { firstPlace } from "../base/search.js";
import { timeTicks, valueTicks, valueTickText } from "../base/ticks.js";
import { momentText, rangeText } from "../base/times.js";
import { anomaliesText, spreadText, valueText, whole, withUnit } from "../base/words.js";

const LINE = 0; // the datasets' places
export const ANOMALIES = 2;
const MOST_EVENTS = 3; // that a tooltip tells of
const WRAP = 34; // characters that a tooltip fits on a phone

/**
 * Chart.js options. All motion is off: what moves should be the process.
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
      eventSpans: spanOptions(theme, font),
      ruleBand: { colour: theme.focus, fill: theme.band, panel: theme.panel, fontSize: font.size, family: theme.font },
      tooltip: tooltip(tag, theme, font, reasonsOf),
    },
  };
}

function limitsOf({ lower, upper }) {
  const limits = [
    { name: "upper", value: upper },
    { name: "lower", value: lower },
  ];
  return limits.filter(({ value }) => value !== null);
}

/** @returns {import("chart.js").ChartOptions<"line">["scales"][string]} */
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

/** @returns {import("chart.js").ChartOptions<"line">["scales"][string]} */
function valueAxis(tag, limits, theme, font) {
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
    ticks: { color: theme.muted, font, callback: (value, _i, ticks) => valueTickText(value, ticks) },
    afterBuildTicks(axis) {
      axis.ticks = valueTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))));
    },
    // The same width for every tag and value: time axes below each other stay aligned.
    afterFit: (axis) => (axis.width = 4.4 * theme.rem),
  };
}

/** @returns {any} Chart.js does not know what the layers have it draw, and so not what a tooltip is of */
function tooltip(tag, theme, font, reasonsOf) {
  return {
    animation: false,
    displayColors: false,
    backgroundColor: theme.text,
    titleColor: theme.panel,
    bodyColor: theme.panel,
    titleFont: { ...font, weight: "600" },
    bodyFont: font,
    caretPadding: 8,
    callbacks: {
      title: ([{ raw }]) => (raw.end ? rangeText({ from: raw.start, to: raw.end }) : momentText(raw.x)),
      label: ({ raw, datasetIndex }) => {
        if (raw.end) return datasetIndex === ANOMALIES ? markLines(tag, raw) : bucketLines(tag, raw);
        const value = withUnit(tag, valueText(tag, raw.y));
        if (datasetIndex !== ANOMALIES) return value;
        return [value, "▲ anomaly:", ...reasonsOf(raw.id).flatMap(wrapped)];
      },
      afterBody: ([{ raw, chart, datasetIndex }]) =>
        eventLines(chart, datasetIndex === ANOMALIES ? raw.x : (pointedAt() ?? raw.x)),
    },
  };
}

function markLines(tag, mark) {
  return [
    `▲ ${anomaliesText(mark.anomalies)}`,
    withUnit(tag, spreadText(tag, mark.low, mark.high)),
    "click or Enter to see them",
  ];
}

function bucketLines(tag, { y, low, high, count }) {
  const mean = withUnit(tag, valueText(tag, y));
  return count === 1
    ? mean
    : [`mean ${mean}`, withUnit(tag, spreadText(tag, low, high)), `${whole.format(count)} measurements`];
}

/** What is said of the events at a moment: the tooltip is of the value that was measured nearest. */
function eventLines(chart, moment) {
  const found = barsAt(chart, chart.scales.x.getPixelForValue(moment)).flatMap(({ events }) => events);
  const lines = found
    .slice(0, MOST_EVENTS)
    .flatMap((event) => [`${EVENT_SIGN} ${kindText(event)}, ${whenText(event)}:`, ...wrapped(whyText(event))]);
  return found.length > MOST_EVENTS ? [...lines, `and ${found.length - MOST_EVENTS} more`] : lines;
}

/** A text in lines that fit. */
function wrapped(text) {
  return text.split(" ").reduce((lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    return lines.length && longer.length <= WRAP ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, []);
}

/** What the pointer means: an anomaly if it is on one, else what was measured nearest in time. */
export function addReadingMode(Chart) {
  const { modes } = Chart.Interaction;
  modes.reading = (chart, event, _options, final) => {
    const hits = modes.point(chart, event, { intersect: true }, final);
    const anomaly = hits.find(({ datasetIndex }) => datasetIndex === ANOMALIES);
    return anomaly ? [anomaly] : nearestOnLine(chart, event.x);
  };
}

/** What was measured nearest to a pixel, as Chart.js names an element; empty if nothing is in sight. */
export function nearestOnLine(chart, pixel) {
  const { data } = chart.data.datasets[LINE];
  const elements = chart.getDatasetMeta(LINE).data;
  const time = chart.scales.x.getValueForPixel(pixel);
  const place = firstPlace(data.length, (i) => data[i].x < time);
  const { left, right } = chart.chartArea;
  // A break has the place of the point behind it, so two on either side hold the nearest.
  const near = [-2, -1, 0, 1].map((distance) => place + distance);
  const drawn = near.filter(
    (i) => data[i] && !Number.isNaN(data[i].y) && elements[i]?.x >= left && elements[i].x <= right,
  );
  drawn.sort((one, other) => Math.abs(data[one].x - time) - Math.abs(data[other].x - time));
  return drawn.slice(0, 1).map((index) => ({ element: elements[index], datasetIndex: LINE, index }));
}
