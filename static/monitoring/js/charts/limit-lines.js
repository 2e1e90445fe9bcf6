// A Chart.js plugin: the tag's limits as thin dashed lines that say what they are.
import { ANOMALIES } from "./chart-options.js";

export const limitLines = {
  id: "limitLines",
  // Over the line and under the anomalies, of which no word may hide one.
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
      label(ctx, `${name} limit ${value}`, { x: area.left + 6, y: y + (name === "upper" ? -4 : 4), name, text, panel });
    }
    ctx.restore();
  },
};

// Outside the line, where there is nothing else to see while all is well; the halo keeps it legible.
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
