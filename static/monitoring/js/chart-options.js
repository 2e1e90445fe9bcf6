// How a tag's chart looks and reacts: axes, limit lines, tooltip.
import { timeTicks, timeTickText, valueTicks, valueTickText } from "./ticks.js";
import { momentText } from "./times.js";
import { valueText, withUnit } from "./words.js";

export const ANOMALIES = 2; // the dataset's place
const WRAP = 34; // characters that a tooltip fits on a phone

/** Chart.js options. All motion is off: what moves should be the process. */
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
    layout: { padding: { top: 0.4 * theme.rem, right: 0.9 * theme.rem } },
    interaction: { mode: "reading" },
    scales: { x: timeAxis(theme, font), y: valueAxis(tag, limits, theme, font) },
    plugins: {
      legend: { display: false },
      limitLines: { limits, colour: theme.muted, text: theme.muted, panel: theme.panel, fontSize: font.size, family: theme.font },
      tooltip: tooltip(tag, theme, font, reasonsOf),
    },
  };
}

function limitsOf({ lower, upper }) {
  const limits = [{ name: "upper", value: upper }, { name: "lower", value: lower }];
  return limits.filter(({ value }) => value !== null);
}

function timeAxis(theme, font) {
  return {
    type: "linear",
    grid: { color: theme.grid },
    border: { color: theme.line },
    afterBuildTicks(axis) {
      axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / (5.5 * theme.rem))));
    },
    ticks: { color: theme.muted, font, maxRotation: 0, autoSkip: false, callback: (value, _i, ticks) => timeTickText(value, ticks) },
  };
}

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
      title: ([item]) => momentText(item.raw.x),
      label: ({ raw, datasetIndex }) => {
        const value = withUnit(tag, valueText(tag, raw.y));
        if (datasetIndex !== ANOMALIES) return value;
        return [value, "▲ anomaly:", ...reasonsOf(raw.id).flatMap(wrapped)];
      },
    },
  };
}

/** A text in lines that fit. */
function wrapped(text) {
  return text.split(" ").reduce((lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    return lines.length && longer.length <= WRAP ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, []);
}

/** What the pointer means: an anomaly if it is on one, else the measurement nearest in time. */
export function addReadingMode(Chart) {
  const { modes } = Chart.Interaction;
  modes.reading = (chart, event, _options, final) => {
    const hits = modes.point(chart, event, { intersect: true }, final);
    const anomaly = hits.find(({ datasetIndex }) => datasetIndex === ANOMALIES);
    if (anomaly) return [anomaly];
    return modes.nearest(chart, event, { axis: "x", intersect: false }, final).slice(0, 1);
  };
}
