// The axes of a chart over elapsed time: hours since inoculation, on demand labelled by the wall clock.
import { timeTicks, valueTicks, valueTickText } from "../base/ticks.js";

/**
 * @typedef {import("./elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("./chart-options.js").AxisOptions} AxisOptions
 * @typedef {{value: number, text?: string}[]} Ticks
 */

const HOUR_MS = 3600000;

/**
 * Return the range of the elapsed axis: the given one, or that of all lines and bands; null without any point.
 * @param {ElapsedOptions} options
 * @returns {{from: number, to: number} | null}
 */
export function rangeOf({ range, lines, bands = [] }) {
  if (range) return range;
  const ends = [...lines, ...bands].flatMap(({ points }) =>
    points.length ? [points[0][0], points[points.length - 1][0]] : [],
  );
  return ends.length ? { from: Math.min(...ends), to: Math.max(...ends) } : null;
}

/**
 * Return the ticks of an axis: round hours or, with the time of its zero, round times of the wall clock.
 * @type {(min: number, max: number, most: number, zeroMs?: number | null) => Ticks}
 */
export function elapsedTicks(min, max, most, zeroMs = null) {
  if (zeroMs === null) return valueTicks(min, max, most);
  const found = timeTicks(zeroMs + min * HOUR_MS, zeroMs + max * HOUR_MS, most);
  return found.map(({ value, text }) => ({ value: (value - zeroMs) / HOUR_MS, text }));
}

/** @type {(options: ElapsedOptions, theme: Theme) => AxisOptions} */
export function elapsedAxis({ xTitle, zeroMs, ...options }, theme) {
  const range = rangeOf({ ...options, xTitle });
  const font = { family: theme.font, size: 0.75 * theme.rem };
  return {
    type: "linear",
    min: range?.from,
    max: range?.to,
    title: { display: Boolean(xTitle), text: xTitle, color: theme.muted, font },
    grid: { color: theme.grid },
    border: { color: theme.line },
    afterBuildTicks(axis) {
      const most = Math.max(2, Math.floor(axis.width / (5.5 * theme.rem)));
      axis.ticks = elapsedTicks(axis.min, axis.max, most, zeroMs);
    },
    ticks: {
      color: theme.muted,
      font,
      maxRotation: 0,
      autoSkip: false,
      callback: (value, i, ticks) => ticks[i].text ?? valueTickText(Number(value), ticks),
    },
  };
}

/** @type {(options: ElapsedOptions, theme: Theme) => AxisOptions} */
export function elapsedValueAxis({ unit, room }, theme) {
  const font = { family: theme.font, size: 0.75 * theme.rem };
  return {
    grace: room ? 0 : "8%",
    min: room?.from,
    suggestedMax: room?.to,
    title: { display: Boolean(unit), text: unit, color: theme.muted, font },
    grid: { color: theme.grid },
    border: { color: theme.line },
    // One width for all charts of a page, so that their hours stand below one another.
    afterFit: (axis) => (axis.width = Math.max(axis.width, 4.4 * theme.rem)),
    afterBuildTicks(axis) {
      axis.ticks = valueTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))));
    },
    ticks: { color: theme.muted, font, callback: (value, _i, ticks) => valueTickText(Number(value), ticks) },
  };
}
