// A piece of a line with its dash and the shape of its points, for the legend of a chart.
import { colourOf } from "./elapsed-datasets.js";

/**
 * Draw the style of a line into an element, in place of what is there.
 * @param {HTMLElement} element
 * @param {import("./elapsed-chart.js").ElapsedLine} line
 * @param {import("../base/theme.js").Theme} theme
 */
export function drawSwatch(element, line, theme) {
  const canvas = document.createElement("canvas");
  const { width, height } = element.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  element.replaceChildren(canvas);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const colour = colourOf(line, theme);
  ctx.scale(ratio, ratio);
  Object.assign(ctx, { strokeStyle: colour, fillStyle: theme.panel, lineWidth: 0.1 * theme.rem });
  ctx.setLineDash(line.dash ?? []);
  ctx.beginPath();
  ctx.moveTo(0, height / 2);
  ctx.lineTo(width, height / 2);
  ctx.stroke();
  ctx.setLineDash([]);
  const { drawPoint } = /** @type {any} */ (window.Chart).helpers ?? {};
  drawPoint?.(ctx, { pointStyle: line.shape, radius: 0.28 * theme.rem, borderWidth: 1 }, width / 2, height / 2);
}
