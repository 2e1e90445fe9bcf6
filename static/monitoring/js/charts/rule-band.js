// A Chart.js plugin: the mean and the band of 3σ that an anomaly left, over the measurements that they were made of.
// The band of constant measurements is a line at their value.
import { findingsOf } from "../live/findings.js";
import { isConstant } from "../base/words.js";

const RULE = "rolling_3sigma";
const WINDOW = 50; // measurements that the rule looks back on

/** What is drawn for an anomaly of a layer of single measurements: its place, and the band if it left one. */
export function ruleBandOf(layer, anomaly) {
  if (!anomaly) return null;
  const band = findingsOf(anomaly.id).find(({ reason }) => reason === RULE);
  const place = layer.points.indexOf(anomaly);
  const from = layer.points[Math.max(0, place - WINDOW)].x;
  return { at: anomaly.x, value: anomaly.y, from, lower: band?.lower ?? null, upper: band?.upper ?? null };
}

export const ruleBand = {
  id: "ruleBand",
  beforeDatasetsDraw(chart, _args, { found = null, colour, fill, panel, fontSize, family }) {
    if (!found || found.lower === null || found.upper === null) return;
    const { ctx, scales } = chart;
    const [left, right] = [found.from, found.at].map((time) => scales.x.getPixelForValue(time));
    const [top, middle, bottom] = [found.upper, (found.upper + found.lower) / 2, found.lower].map((value) =>
      scales.y.getPixelForValue(value),
    );
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
      const constant = isConstant(found); // its line may lie on the axis: the label goes above
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

function within({ ctx, chartArea: { left, top, width, height } }, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.lineWidth = 1;
  draw();
  ctx.restore();
}

function label(ctx, words, { x, y, colour, panel }) {
  ctx.textBaseline = "top";
  ctx.lineWidth = 3;
  ctx.strokeStyle = panel;
  ctx.strokeText(words, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
}
