// A Chart.js plugin: times without good values as hatched areas: bad ///, gaps \\\, uncertain the same as bad, but sparser.
import { WORDS } from "../live/spans.js";
import { stretchesOf } from "./event-bars.js";

/**
 * @typedef {import("../live/spans.js").Span} Span
 * @typedef {import("./event-bars.js").Stretch} Stretch
 * @typedef {Pick<import("chart.js").Chart, "ctx" | "scales" | "chartArea">} DrawnChart
 *
 * The plugin's options: sizes and colours of the theme.
 * @typedef {{rem: number, colour: string, panel: string, font: string}} HatchOptions
 */

const HATCHES = {
  uncertain: { slope: 1, distance: 16 },
  gap: { slope: -1, distance: 8 },
  bad: { slope: 1, distance: 8 },
};
const LEAST_PX = 3; // a shorter area is hard to see
const NEAR_PX = 3;
const SHADE = 0.07;
const LINES = 0.4;
const PAD_PX = 4;
/** @type {WeakMap<object, Span[]>} by chart */
const shown = new WeakMap();

/**
 * Set the spans that the chart draws from now on.
 * @param {object} chart
 * @param {Span[]} spans in order of their starts
 */
export function setHatches(chart, spans) {
  shown.set(chart, spans);
}

/**
 * Return the spans at a pixel of the time axis.
 * @param {DrawnChart} chart
 * @param {number} x
 */
export const spansAt = (chart, x) =>
  areasOf(chart)
    .filter(({ left, right }) => left - NEAR_PX <= x && x <= right + NEAR_PX)
    .map(({ span }) => span);

/** @param {DrawnChart} chart */
function areasOf(chart) {
  const { left, right } = chart.chartArea;
  return placesOf(shown.get(chart) ?? [], (time) => chart.scales.x.getPixelForValue(time), { left, right });
}

/**
 * Return the places of spans in pixels. A lasting span reaches to the right end.
 * @param {Span[]} spans
 * @param {(time: number) => number} pixelOf
 * @param {Stretch} area
 * @returns {(Stretch & {span: Span})[]}
 */
export function placesOf(spans, pixelOf, area) {
  return spans.map((span) => {
    const left = Math.max(area.left, Math.min(pixelOf(span.start), area.right - LEAST_PX));
    const end = span.end === null ? area.right : pixelOf(span.end);
    return { span, left, right: Math.min(area.right, Math.max(end, left + LEAST_PX)) };
  });
}

/**
 * Return the areas to hatch by kind, without overlap within a kind.
 * @param {(Stretch & {span: Span})[]} places
 */
export const hatchesOf = (places) =>
  /** @type {Span["kind"][]} */ (Object.keys(HATCHES)).map((kind) => ({
    kind,
    stretches: stretchesOf(places.filter(({ span }) => span.kind === kind)),
  }));

/** @type {import("chart.js").Plugin<"line", HatchOptions>} */
export const qualityHatch = {
  id: "qualityHatch",
  beforeDatasetsDraw(chart, _args, options) {
    const places = areasOf(chart);
    if (!places.length) return;
    const { ctx } = chart;
    ctx.save();
    Object.assign(ctx, { fillStyle: options.colour, strokeStyle: options.colour, lineWidth: 1, font: options.font });
    for (const { kind, stretches } of hatchesOf(places)) {
      for (const stretch of stretches) {
        hatch(chart, stretch, HATCHES[kind]);
        name(chart, stretch, WORDS[kind], options);
      }
    }
    ctx.restore();
  },
};

/** @type {(chart: DrawnChart, stretch: Stretch, lines: {slope: number, distance: number}) => void} */
function hatch({ ctx, chartArea: { top, bottom } }, { left, right }, { slope, distance }) {
  const height = bottom - top;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, height);
  ctx.clip();
  ctx.globalAlpha = SHADE;
  ctx.fillRect(left, top, right - left, height);
  ctx.globalAlpha = LINES;
  ctx.beginPath();
  // Fixed in place: otherwise the lines would move with the time axis.
  for (let x = Math.floor((left - height) / distance) * distance; x <= right + height; x += distance) {
    ctx.moveTo(x, slope > 0 ? bottom : top);
    ctx.lineTo(x + height, slope > 0 ? top : bottom);
  }
  ctx.stroke();
  ctx.restore();
}

/**
 * Write the word into an area that has room for it.
 * @type {(chart: DrawnChart, stretch: Stretch, word: string, options: HatchOptions) => void}
 */
function name({ ctx, chartArea: { top } }, { left, right }, word, { rem, panel }) {
  if (ctx.measureText(word).width + 2 * PAD_PX > right - left) return;
  Object.assign(ctx, { textBaseline: "top", lineWidth: 3, strokeStyle: panel });
  const [x, y] = [left + PAD_PX, top + 0.3 * rem];
  ctx.strokeText(word, x, y);
  ctx.fillText(word, x, y);
  Object.assign(ctx, { lineWidth: 1, strokeStyle: ctx.fillStyle });
}

/**
 * Return the plugin's options in a theme.
 * @param {import("../base/theme.js").Theme} theme
 * @param {{size: number}} font
 * @returns {HatchOptions}
 */
export const hatchOptions = ({ rem, muted, panel, font: family }, font) => ({
  rem,
  colour: muted,
  panel,
  font: `${font.size}px ${family}`,
});
