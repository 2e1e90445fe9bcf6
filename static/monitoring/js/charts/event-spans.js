// A Chart.js plugin: events as shaded spans, each with its borders and a bar above that names it.
// Bars of events that last are full, those of others are hollow: colour is not needed to tell them apart.
import { barsOf, stretchesOf } from "./event-bars.js";
import { eventsText, kindText } from "../lists/event-words.js";

const SHADE = 0.13;
const BORDER = 0.55;
const HOLLOW = 0.16;
const LABEL_REM = 6.5; // of a limit, which stands where the lower lanes begin
const PAD_PX = 5;
const shown = new WeakMap(); // by chart: {events, chosen}

/** How high the room above the plotted area is in which the first lane lies, given a letter's size. */
export const stripHeight = (rem) => 1.2 * rem;

/** The events that the chart draws from now on, in order of their beginning; `chosen` is one's id, or null. */
export function setSpans(chart, events, chosen) {
  shown.set(chart, { events, chosen });
}

/** What is drawn over a pixel of the time axis: bars, in the order of their lanes. */
export function barsAt(chart, x) {
  const hit = barsIn(chart).filter(({ left, right }) => left <= x && x <= right);
  return hit.sort((one, other) => one.lane - other.lane);
}

/** The bar that a place {x, y} of the chart belongs to; beside the bars, the span's that began last; null if none. */
export function barUnder(chart, { x, y }) {
  const hit = barsAt(chart, x);
  const lane = Math.floor((y - top(chart)) / stripHeight(chart.options.plugins.eventSpans.rem));
  return hit.find((bar) => bar.lane === lane) ?? hit.sort((one, other) => other.left - one.left)[0] ?? null;
}

/** Every bar that is drawn. */
export function barsIn(chart) {
  const { events } = shown.get(chart) ?? { events: [] };
  return barsOf(events, (time) => chart.scales.x.getPixelForValue(time), chart.chartArea);
}

const top = ({ chartArea, options }) => chartArea.top - stripHeight(options.plugins.eventSpans.rem);

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

/** @type {(bar: {isOpen: boolean}, colours: Record<string, any>) => string} */
const colourOf = ({ isOpen }, { open, ended }) => (isOpen ? open : ended);

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

/** Where an event begins and ends; many that share a bar have no borders, which would be all that is seen. */
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

const barHeight = (rem) => stripHeight(rem) - 3;

const barTop = (chart, { lane }, rem) => top(chart) + lane * stripHeight(rem) + 1;

function drawBar(chart, bar, { rem, panel, ...options }) {
  const { ctx } = chart;
  const { left, right, isOpen } = bar;
  const [y, height] = [barTop(chart, bar, rem), barHeight(rem)];
  const colour = colourOf(bar, options);
  ctx.fillStyle = panel;
  ctx.fillRect(left, y, right - left, height);
  ctx.globalAlpha = isOpen ? 1 : HOLLOW;
  ctx.fillStyle = colour;
  ctx.fillRect(left, y, right - left, height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.strokeRect(Math.round(left) + 0.5, Math.round(y) + 0.5, Math.round(right - left) - 1, Math.round(height) - 1);
}

/** Names each bar: in it or, where it is too short, behind or before it; not where there is no room either. */
function nameBars(chart, found, { rem, panel, text, nameOf, ...colours }) {
  const { ctx, chartArea: area } = chart;
  const takenTo = []; // pixels, by lane
  found.forEach((bar, i) => {
    const { lane, isOpen, events } = bar;
    const name = events.length === 1 ? nameOf(events[0]) : eventsText(events.length);
    const next = found.slice(i + 1).find((other) => other.lane === lane);
    const room = { from: takenTo[lane] ?? area.left + (lane > 0 ? LABEL_REM * rem : 0), to: next?.left ?? area.right };
    const { width } = ctx.measureText(name);
    const x = placeOf(bar, width, room);
    takenTo[lane] = Math.max(bar.right, x === null ? 0 : x + width);
    if (x === null) return;
    const isInside = x >= bar.left && x < bar.right;
    const y = barTop(chart, bar, rem) + barHeight(rem) / 2 + 0.5;
    if (!isInside) Object.assign(ctx, { strokeStyle: panel, lineWidth: 3 }).strokeText(name, x, y);
    ctx.fillStyle = isInside && isOpen ? panel : isInside ? text : colourOf(bar, colours);
    ctx.fillText(name, x, y);
  });
}

/** Where a text of this width begins; null if it has no room. */
function placeOf({ left, right }, width, { from, to }) {
  const needed = width + 2 * PAD_PX;
  const start = Math.max(left, from);
  if (needed <= right - start) return start + PAD_PX;
  if (needed <= to - right) return right + PAD_PX;
  return needed <= left - from ? left - PAD_PX - width : null;
}

/**
 * The plugin's options in a theme; `nameOf(event)` is what its bar says.
 * @param {Record<string, any>} theme
 * @param {{size: number}} font
 * @param {(event: import("../live/events.js").PlantEvent) => string} nameOf
 */
export function spanOptions(theme, font, nameOf = kindText) {
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
