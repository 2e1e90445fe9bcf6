// The appearance and interaction of a chart over elapsed time.
import { elapsedAxis, elapsedValueAxis } from "./elapsed-axis.js";
import { lineText, markTexts, nearestPoint, steppedPoint, elapsedText } from "./elapsed-tooltip.js";
import { barOptions, stripHeight } from "./event-spans.js";
import { noteMarkOptions } from "./note-marks.js";
import { tooltipLook } from "./tooltip-look.js";

/**
 * @typedef {import("./elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("./elapsed-datasets.js").ElapsedDataset} ElapsedDataset
 * @typedef {import("./chart-options.js").FoundElement} FoundElement
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("chart.js").Chart<any, any>} AnyChart
 */

const REACH = 0.02; // of the axis: a gap that is wider has no value at the pointer

/**
 * @param {ElapsedOptions} options
 * @param {Theme} theme
 * @returns {import("chart.js").ChartOptions<"line">}
 */
export function elapsedChartOptions(options, theme) {
  const font = { family: theme.font, size: 0.75 * theme.rem };
  return {
    animation: false,
    parsing: false,
    normalized: true,
    spanGaps: false,
    responsive: true,
    maintainAspectRatio: false,
    layout: { padding: { top: stripHeight(theme.rem), right: 0.9 * theme.rem } },
    interaction: { mode: "elapsed" },
    scales: { x: elapsedAxis(options, theme), y: elapsedValueAxis(options, theme) },
    plugins: {
      legend: { display: false },
      elapsedRegions: {
        regions: options.regions ?? [],
        line: theme.line,
        text: theme.muted,
        panel: theme.panel,
        font: `${font.size}px ${theme.font}`,
      },
      eventSpans: barOptions(theme, font, (event) => /** @type {any} */ (event).text),
      noteMarks: noteMarkOptions(theme, font),
      playhead: { at: options.chosen ?? null, colour: theme.text },
      tooltip: tooltipOf(options, theme, font),
    },
  };
}

/** @type {(options: ElapsedOptions, theme: Theme, font: import("./chart-options.js").ChartFont) => any} */
function tooltipOf(options, theme, font) {
  return {
    ...tooltipLook(theme, font),
    callbacks: {
      title: (/** @type {any[]} */ [{ parsed }]) => elapsedText(parsed.x, options),
      label: (/** @type {any} */ { chart, datasetIndex, dataIndex }) =>
        lineText(chart.data.datasets[datasetIndex].told, dataIndex, options),
      afterBody: (/** @type {any[]} */ [{ chart, parsed }]) => marksAt(chart, parsed.x, options),
    },
  };
}

/** @type {(chart: AnyChart, x: number, options: ElapsedOptions) => string[]} */
const marksAt = ({ scales: { x: axis } }, x, { marks = [] }) => markTexts(marks, x, axis.max - axis.min);

/**
 * Return the texts of the points that were found at x, and of the marks there.
 * @param {AnyChart} chart
 * @param {number} x
 * @param {ElapsedOptions} options
 */
export function textsAt(chart, x, options) {
  const lines = foundAt(chart, x).map(({ datasetIndex, index }) =>
    lineText(chart.data.datasets[datasetIndex].told, index, options),
  );
  return [...lines, ...marksAt(chart, x, options)];
}

/**
 * Return the point of each line at x.
 * @param {AnyChart} chart
 * @param {number} x
 * @returns {FoundElement[]}
 */
export function foundAt(chart, x) {
  const { min, max } = chart.scales.x;
  return chart.data.datasets.flatMap((/** @type {any} */ { told, data }, /** @type {number} */ datasetIndex) => {
    if (!told) return [];
    const index = told.stepped ? steppedPoint(data, x) : nearestPoint(data, x, REACH * (max - min));
    const element = index === null ? null : chart.getDatasetMeta(datasetIndex).data[index];
    return index === null || !element ? [] : [{ element, datasetIndex, index }];
  });
}

/**
 * Add the interaction mode "elapsed": the point of each line at the pointer's elapsed time.
 * @param {NonNullable<Window["Chart"]>} Chart
 */
export function addElapsedMode({ Interaction: { modes } }) {
  modes.elapsed ??= (chart, event) =>
    foundAt(chart, chart.scales.x.getValueForPixel(/** @type {{x: number}} */ (event).x) ?? NaN);
}
