// A Chart.js plugin: events as shaded spans, each with its borders and a bar above with its name.
// Bars of open events are filled, those of ended ones are hollow: they differ even without colour.
import { barsOf, stretchesOf } from "./event-bars.js";
import { eventsText, kindText } from "../lists/event-words.js";

/**
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {import("./event-bars.js").Bar} Bar
 * @typedef {Pick<import("chart.js").Chart, "ctx" | "scales" | "chartArea"> &
 *   {options: {plugins?: {eventSpans?: {rem?: number}}}}} DrawnChart
 *
 * The plugin's options: sizes and colours of the theme; `open`, `ended`: colours of events; `nameOf(event)`: the text
 * on a bar.
 * @typedef {{rem: number, panel: string, text: string, focus: string, open: string, ended: string, font: string,
 *   nameOf: (event: PlantEvent) => string}} BarOptions
 */

const SHADE = 0.13;
const BORDER = 0.55;
const HOLLOW = 0.16;
const LABEL_REM = 6.5; // width of a limit's label, which stands where the lower lanes begin
const PAD_PX = 5;
/** @type {WeakMap<object, {events: PlantEvent[], chosen: number | null}>} by chart */
const shown = new WeakMap();

/**
 * Return the height of the first lane, which lies above the plotted area.
 * @param {number} rem the root font size in pixels
 */
export const stripHeight = (rem) => 1.2 * rem;

/**
 * Set the events that the chart draws from now on.
 * @param {object} chart
 * @param {PlantEvent[]} events in order of their starts
 * @param {number | null} chosen the id of the selected event
 */
export function setSpans(chart, events, chosen) {
  shown.set(chart, { events, chosen });
}

/**
 * Return the bars at a pixel of the time axis, in the order of their lanes.
 * @param {DrawnChart} chart
 * @param {number} x
 */
export function barsAt(chart, x) {
  const hit = barsIn(chart).filter(({ left, right }) => left <= x && x <= right);
  return hit.sort((one, other) => one.lane - other.lane);
}

/**
 * Return the bar at a point of the chart; beside the bars, that of the span that began last; null if there is none.
 * @param {DrawnChart} chart
 * @param {{x: number, y: number}} point
 */
export function barUnder(chart, { x, y }) {
  const hit = barsAt(chart, x);
  const lane = Math.floor((y - top(chart)) / stripHeight(remOf(chart)));
  return hit.find((bar) => bar.lane === lane) ?? hit.sort((one, other) => other.left - one.left)[0] ?? null;
}

/**
 * Return every bar of the chart.
 * @param {DrawnChart} chart
 */
export function barsIn(chart) {
  const { events } = shown.get(chart) ?? { events: [] };
  return barsOf(events, (time) => chart.scales.x.getPixelForValue(time), chart.chartArea);
}

/** @param {DrawnChart} chart */
const remOf = ({ options }) => options.plugins?.eventSpans?.rem ?? NaN;

/** @param {DrawnChart} chart */
const top = (chart) => chart.chartArea.top - stripHeight(remOf(chart));

/** @type {import("chart.js").Plugin<"line", BarOptions>} */
export const eventSpans = {
  id: "eventSpans",
  beforeDatasetsDraw(chart, _args, options) {
    const found = barsIn(chart);
    if (!found.length) return;
    const { ctx } = chart;
    ctx.save();
    shade(chart, found, options);
    for (const bar of found) drawBorders(chart, bar, options);
    ctx.font = options.font;
    ctx.textBaseline = "middle";
    for (const bar of found) drawBar(chart, bar, options);
    nameBars(chart, found, options);
    ctx.restore();
  },
  afterDatasetsDraw(chart, _args, { focus }) {
    const { chosen = null } = shown.get(chart) ?? {};
    const bar = chosen !== null && barsIn(chart).find(({ events }) => events.some(({ id }) => id === chosen));
    if (!bar) return;
    const { ctx, chartArea: area } = chart;
    ctx.save();
    ctx.strokeStyle = focus;
    ctx.lineWidth = 2;
    ctx.strokeRect(bar.left, top(chart) + 1, bar.right - bar.left, area.bottom - top(chart) - 2);
    ctx.restore();
  },
};

/** @type {(bar: {isOpen: boolean}, colours: {open: string, ended: string}) => string} */
const colourOf = ({ isOpen }, { open, ended }) => (isOpen ? open : ended);

/** @type {(chart: DrawnChart, found: Bar[], options: BarOptions) => void} */
function shade({ ctx, chartArea: area }, found, options) {
  ctx.globalAlpha = SHADE;
  for (const isOpen of [false, true]) {
    ctx.fillStyle = colourOf({ isOpen }, options);
    const alike = found.flatMap(({ spans }) => spans).filter((span) => span.isOpen === isOpen);
    for (const { left, right } of stretchesOf(alike))
      ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
  }
  ctx.globalAlpha = 1;
}

/**
 * Draw the start and end of an event. A bar of several events has no borders: they would cover everything else.
 * @type {(chart: DrawnChart, bar: Bar, options: BarOptions) => void}
 */
function drawBorders({ ctx, chartArea: area }, { events, spans, begins, ends, isOpen }, options) {
  if (events.length > 1) return;
  const [{ left, right }] = spans;
  const height = area.bottom - area.top;
  ctx.globalAlpha = isOpen ? 1 : BORDER;
  ctx.fillStyle = colourOf({ isOpen }, options);
  if (begins) ctx.fillRect(Math.round(left), area.top, 1, height);
  if (ends && right - left > 2) ctx.fillRect(Math.round(right) - 1, area.top, 1, height);
  ctx.globalAlpha = 1;
}

/** @param {number} rem */
const barHeight = (rem) => stripHeight(rem) - 3;

/** @type {(chart: DrawnChart, bar: Bar, rem: number) => number} */
const barTop = (chart, { lane }, rem) => top(chart) + lane * stripHeight(rem) + 1;

/** @type {(chart: DrawnChart, bar: Bar, options: BarOptions) => void} */
function drawBar(chart, bar, options) {
  const { ctx } = chart;
  const { left, right, isOpen } = bar;
  const [y, height] = [barTop(chart, bar, options.rem), barHeight(options.rem)];
  const colour = colourOf(bar, options);
  ctx.fillStyle = options.panel;
  ctx.fillRect(left, y, right - left, height);
  ctx.globalAlpha = isOpen ? 1 : HOLLOW;
  ctx.fillStyle = colour;
  ctx.fillRect(left, y, right - left, height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.strokeRect(Math.round(left) + 0.5, Math.round(y) + 0.5, Math.round(right - left) - 1, Math.round(height) - 1);
}

/**
 * Write the name of each bar inside it or, where it is too short, after or before it; nothing where there is no room.
 * @type {(chart: DrawnChart, found: Bar[], options: BarOptions) => void}
 */
function nameBars(chart, found, options) {
  const { rem, panel, text, nameOf } = options;
  const { ctx, chartArea: area } = chart;
  /** @type {number[]} by lane, the pixel up to which bars and names reach */
  const takenTo = [];
  found.forEach((bar, i) => {
    const { lane, isOpen, events } = bar;
    const name = events.length === 1 ? nameOf(events[0]) : eventsText(events.length);
    const next = found.slice(i + 1).find((other) => other.lane === lane);
    const room = { from: takenTo[lane] ?? area.left + (lane > 0 ? LABEL_REM * rem : 0), to: next?.left ?? area.right };
    const { width } = ctx.measureText(name);
    const x = nameStart(bar, width, room);
    takenTo[lane] = Math.max(bar.right, x === null ? 0 : x + width);
    if (x === null) return;
    const isInside = x >= bar.left && x < bar.right;
    const y = barTop(chart, bar, rem) + barHeight(rem) / 2 + 0.5;
    if (!isInside) Object.assign(ctx, { strokeStyle: panel, lineWidth: 3 }).strokeText(name, x, y);
    ctx.fillStyle = isInside && isOpen ? panel : isInside ? text : colourOf(bar, options);
    ctx.fillText(name, x, y);
  });
}

/**
 * Return the pixel at which a text of this width begins; null if it has no room.
 * @type {(bar: Bar, width: number, room: {from: number, to: number}) => number | null}
 */
function nameStart({ left, right }, width, { from, to }) {
  const needed = width + 2 * PAD_PX;
  const start = Math.max(left, from);
  if (needed <= right - start) return start + PAD_PX;
  if (needed <= to - right) return right + PAD_PX;
  return needed <= left - from ? left - PAD_PX - width : null;
}

/**
 * Return the plugin's options in a theme.
 * @param {import("../base/theme.js").Theme} theme
 * @param {{size: number}} font
 * @param {(event: PlantEvent) => string} nameOf returns the text on a bar
 * @returns {BarOptions}
 */
export function barOptions(theme, font, nameOf = kindText) {
  const { rem, panel, text, focus } = theme;
  return {
    rem,
    panel,
    text,
    focus,
    open: theme.warn,
    ended: theme.muted,
    font: `600 ${0.92 * font.size}px ${theme.font}`,
    nameOf,
  };
}
