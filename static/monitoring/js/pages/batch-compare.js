// The page that compares batches: the chart, and in the table the style of each batch's line.
import { comparisonOptions, styleOf } from "../batches/compare.js";
import { setText } from "../base/dom.js";
import { onThemeChange, readTheme } from "../base/theme.js";
import { whenChartLoads } from "../charts/chart-library.js";
import { drawElapsedChart } from "../charts/elapsed-chart.js";
import { drawSwatch } from "../charts/line-swatch.js";

/** @type {import("../batches/compare.js").BatchComparison} */
const comparison = JSON.parse(document.getElementById("batch-comparison").textContent ?? "");
const plot = document.getElementById("compare-plot");

function drawSwatches() {
  const theme = readTheme();
  for (const swatch of document.querySelectorAll(".line-swatch")) {
    drawSwatch(/** @type {HTMLElement} */ (swatch), styleOf(Number(swatch.dataset.place)), theme);
  }
}

whenChartLoads({
  ...comparison.chart,
  ready: () => {
    const canvas = /** @type {HTMLCanvasElement} */ (plot.querySelector("canvas"));
    drawElapsedChart(canvas, comparisonOptions(comparison));
    drawSwatches();
    onThemeChange(drawSwatches);
  },
  trouble: () => {
    const trouble = document.getElementById("chart-trouble");
    setText(trouble, comparison.chart.trouble);
    trouble.hidden = false;
    plot.hidden = true;
  },
});
