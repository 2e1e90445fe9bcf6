// A Chart.js plugin: the tag's limits as thin dashed lines with labels.
import { ANOMALIES } from "./chart-options.js";
import { AS_TYPED, trimmedText } from "../base/numbers.js";

/**
 * @typedef {{name: "upper" | "lower", value: number}} Limit
 *
 * The plugin's options: the limits, and colours and font of the theme.
 * @typedef {{limits: Limit[], colour: string, text: string, panel: string, fontSize: number,
 *   family: string}} LimitLineOptions
 */

/** @type {import("chart.js").Plugin<"line", LimitLineOptions>} */
export const limitLines = {
  id: "limitLines",
  // Above the line and below the anomalies, which no label may hide.
  beforeDatasetDraw(chart, { index }, { limits, colour, text, panel, fontSize, family }) {
    if (index !== ANOMALIES) return;
    const { ctx, chartArea: area, scales } = chart;
    ctx.save();
    ctx.font = `${fontSize}px ${family}`;
    ctx.lineWidth = 1;
    for (const { name, value } of limits) {
      const y = Math.round(scales.y.getPixelForValue(value)) + 0.5;
      if (y < area.top || y > area.bottom) continue;
      ctx.strokeStyle = colour;
      ctx.setLineDash([6, 4]);
      ctx.beginPath();
      ctx.moveTo(area.left, y);
      ctx.lineTo(area.right, y);
      ctx.stroke();
      const words = `${name} limit ${trimmedText(value, AS_TYPED)}`;
      label(ctx, words, { x: area.left + 6, y: y + (name === "upper" ? -4 : 4), name, text, panel });
    }
    ctx.restore();
  },
};

/**
 * Write a label outside the limits, where there is nothing else in normal operation; the halo keeps it legible.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} words
 * @param {{x: number, y: number, name: string, text: string, panel: string}} options
 */
function label(ctx, words, { x, y, name, text, panel }) {
  ctx.textBaseline = name === "upper" ? "bottom" : "top";
  ctx.setLineDash([]);
  ctx.lineWidth = 3;
  ctx.strokeStyle = panel;
  ctx.strokeText(words, x, y);
  ctx.lineWidth = 1;
  ctx.fillStyle = text;
  ctx.fillText(words, x, y);
}
