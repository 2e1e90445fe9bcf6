// A Chart.js plugin: the mean and the 3σ band that an anomaly left, over the measurements that they were computed from.
// The band of constant measurements is a line at their value.
import { violationsOf } from "../live/rule-violations.js";
import { isConstant } from "../base/words.js";

/**
 * An anomaly at (`at`, `value`) and the band that it left, from the time `from`; the bounds are null without a band.
 * @typedef {{at: number, value: number, from: number, lower: number | null, upper: number | null}} RuleBand
 *
 * The plugin's options.
 * @typedef {{found?: RuleBand | null, colour: string, fill: string, panel: string, fontSize: number,
 *   family: string}} RuleBandOptions
 */

const RULE = "rolling_3sigma";
const WINDOW = 50; // measurements that the rule looks back on

/**
 * Return the band to draw for an anomaly of a layer of single measurements.
 * @param {import("./raw-layer.js").Layer} layer
 * @param {import("../live/series.js").Point | null} anomaly
 * @returns {RuleBand | null}
 */
export function ruleBandOf(layer, anomaly) {
  if (!anomaly || !layer.points) return null;
  const band = violationsOf(anomaly.id).find(({ reason }) => reason === RULE);
  const index = layer.points.indexOf(anomaly);
  const from = layer.points[Math.max(0, index - WINDOW)].x;
  return { at: anomaly.x, value: anomaly.y, from, lower: band?.lower ?? null, upper: band?.upper ?? null };
}

/** @type {import("chart.js").Plugin<"line", RuleBandOptions>} */
export const ruleBand = {
  id: "ruleBand",
  beforeDatasetsDraw(chart, _args, { found = null, colour, fill, panel, fontSize, family }) {
    if (!found || found.lower === null || found.upper === null) return;
    const { ctx, scales } = chart;
    const [left, right] = [found.from, found.at].map((time) => scales.x.getPixelForValue(time));
    const [top, middle, bottom] = [found.upper, (found.upper + found.lower) / 2, found.lower].map((value) =>
      scales.y.getPixelForValue(value),
    );
    const constant = isConstant(found); // the line may lie on the axis: the label goes above
    within(chart, () => {
      ctx.fillStyle = fill;
      ctx.fillRect(left, top, right - left, bottom - top);
      ctx.strokeStyle = colour;
      ctx.strokeRect(left, top, right - left, bottom - top);
      ctx.setLineDash([2, 3]);
      ctx.beginPath();
      ctx.moveTo(left, middle);
      ctx.lineTo(right, middle);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.font = `${fontSize}px ${family}`;
      const y = constant ? top - fontSize - 4 : bottom + 3;
      label(ctx, constant ? "constant" : "mean ± 3σ", { x: left, y, colour, panel });
    });
  },
  afterDatasetsDraw(chart, _args, { found = null, colour }) {
    if (!found) return;
    const { ctx, scales } = chart;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(scales.x.getPixelForValue(found.at), scales.y.getPixelForValue(found.value), 13, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.restore();
  },
};

/**
 * Draw inside the plotted area only.
 * @param {Pick<import("chart.js").Chart, "ctx" | "chartArea">} chart
 * @param {() => void} draw
 */
function within({ ctx, chartArea: { left, top, width, height } }, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.lineWidth = 1;
  draw();
  ctx.restore();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} words
 * @param {{x: number, y: number, colour: string, panel: string}} options
 */
function label(ctx, words, { x, y, colour, panel }) {
  ctx.textBaseline = "top";
  ctx.lineWidth = 3;
  ctx.strokeStyle = panel;
  ctx.strokeText(words, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
}
