// Round numbers for the axes: times in milliseconds, and values.
import { AS_TYPED, fixedText, numberText } from "./numbers.js";
import { dayMonth, hoursMinutes, hoursMinutesSeconds, monthYear } from "./times.js";
import { isAmbiguous, offsetMs, shortOffsetText, timesOf } from "./wall-time.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SMALLEST_STEP = 1e-300; // below, steps lose their digits
const LARGEST_STEP = 1e300;
const MOST_DECIMALS = 6; // of a tick without an exponent
const MOST_DIGITS = 8;
const MONDAY = 4; // days from the first day of the epoch, a Thursday

/**
 * A tick of a time axis: epoch milliseconds, and the text.
 * @typedef {{value: number, text: string}} TimeTick
 *
 * A function that returns the ticks between two times.
 * @typedef {(min: number, max: number) => TimeTick[]} TicksBetween
 */

/** @param {number} ms */
const yearText = (ms) => String(new Date(ms).getFullYear());

const YEARS = [1, 100, 10000].flatMap((n) => [1, 2, 5, 10, 20, 50].map((factor) => factor * n));
// Each step: the approximate length, and the ticks between two times.
const STEPS = [
  ...steps(SECOND, [1, 2, 5, 10, 15, 30], (n) => even(n * SECOND, secondsText)),
  ...steps(MINUTE, [1, 2, 5, 10, 15, 30], (n) => even(n * MINUTE, clockText)),
  ...steps(HOUR, [1, 2, 3, 6, 12], hourly),
  ...steps(DAY, [1, 2, 7, 14], (n) => local(dayMonth, (first, i) => [1970, 0, 1 + dayOf(first, n) + i * n])),
  ...steps(30.5 * DAY, [1, 3, 6], (n) =>
    local(monthYear, (first, i) => [first.getFullYear(), floorTo(n, first.getMonth()) + i * n]),
  ),
  ...steps(365 * DAY, YEARS, (n) => local(yearText, (first, i) => [floorTo(n, first.getFullYear()) + i * n, 0])),
];

/**
 * @param {number} ms
 * @param {number[]} counts
 * @param {(count: number) => TicksBetween} ticksOf
 */
function steps(ms, counts, ticksOf) {
  return counts.map((count) => ({ ms: ms * count, ticks: ticksOf(count) }));
}

/**
 * Return about `most` ticks or fewer from min to max, round in the viewer's time zone.
 * @param {number} min epoch milliseconds
 * @param {number} max epoch milliseconds
 * @param {number} most
 */
export function timeTicks(min, max, most) {
  const step = STEPS.find(({ ms }) => (max - min) / ms <= most) ?? STEPS[STEPS.length - 1];
  return step.ticks(min, max);
}

/**
 * Return the ticks of steps with a constant length.
 * @param {number} step milliseconds
 * @param {(ms: number) => string} text
 * @returns {TicksBetween}
 */
function even(step, text) {
  return (min, max) => {
    const shift = -offsetMs(max);
    const ticks = [];
    for (let at = Math.ceil((min - shift) / step) * step + shift; at <= max; at += step)
      ticks.push({ value: at, text: text(at) });
    return ticks;
  };
}

/**
 * Return the ticks of steps of whole hours of the viewer's wall clock: none for an hour that clocks skip, two for one that
 * they repeat. A day without a midnight has a tick where it begins.
 * @param {number} n hours
 * @returns {TicksBetween}
 */
function hourly(n) {
  return (min, max) => {
    const first = new Date(min);
    const ticks = [];
    for (let i = 0; ; i++) {
      const begin = new Date(first.getFullYear(), first.getMonth(), first.getDate(), i * n).getTime();
      const wall = new Date(0).setUTCFullYear(first.getFullYear(), first.getMonth(), first.getDate()) + i * n * HOUR;
      const times = timesOf(wall);
      if (!times.length && wall % DAY === 0) times.push(begin);
      if (Math.min(begin, ...times) > max) return ticks;
      const last = ticks.at(-1)?.value ?? -Infinity;
      for (const value of times)
        if (value >= min && value <= max && value > last) ticks.push({ value, text: clockText(value) });
    }
  };
}

/**
 * Return the ticks of steps of the viewer's calendar, in which a day may have 23 hours.
 * @param {(ms: number) => string} text
 * @param {(first: Date, i: number) => [year: number, month: number, day?: number, hour?: number]} fields of the i-th
 *   tick, as arguments of Date
 * @returns {TicksBetween}
 */
function local(text, fields) {
  return (min, max) => {
    const first = new Date(min);
    const ticks = [];
    for (let i = 0; ; i++) {
      const value = new Date(...fields(first, i)).getTime();
      if (!(value <= max)) return ticks;
      const last = ticks.at(-1)?.value ?? -Infinity; // zones that changed the side of the date line skipped a day
      if (value >= min && value > last) ticks.push({ value, text: text(value) });
    }
  };
}

/** @type {(n: number, value: number) => number} */
const floorTo = (n, value) => Math.floor(value / n) * n;

/**
 * Return the last day up to `time` on which a step of `days` days begins, in days since the epoch.
 * @param {Date} time
 * @param {number} days
 */
function dayOf(time, days) {
  const day = Math.round(Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) / DAY);
  return floorTo(days, day - MONDAY) + MONDAY;
}

/**
 * Return hours and minutes; at midnight, the date of the day that begins.
 * @param {number} ms
 */
function clockText(ms) {
  const text = hoursMinutes(ms);
  return withOffset(text === "00:00" ? dayMonth(ms) : text, ms);
}

/** @param {number} ms */
function secondsText(ms) {
  return withOffset(hoursMinutesSeconds(ms), ms);
}

/**
 * Return the text, with the offset from UTC where the clocks show the time twice.
 * @type {(text: string, ms: number) => string}
 */
function withOffset(text, ms) {
  return isAmbiguous(ms) ? `${text} ${shortOffsetText(ms)}` : text;
}

/**
 * Return about `most` ticks or fewer from min to max, in steps of 1, 2 or 5 times a power of ten: at least one, each
 * a different number. Steps are no finer than numbers of that size are.
 * @param {number} min
 * @param {number} max
 * @param {number} most
 */
export function valueTicks(min, max, most) {
  if (!(Number.isFinite(min) && Number.isFinite(max))) return [];
  const finest = Math.max(Math.abs(min), Math.abs(max)) * 4 * Number.EPSILON;
  for (let wanted = most; wanted <= 2 * most; wanted++) {
    const rough = Math.max(max / wanted - min / wanted, finest);
    const ticks = rough >= SMALLEST_STEP && rough <= LARGEST_STEP ? multiples(roundStep(rough), min, max) : [];
    if (ticks.length > 1) return ticks;
  }
  return [{ value: min }];
}

/**
 * Return 1, 2, 5 or 10 times a power of ten, at least `rough`.
 * @param {number} rough
 */
function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

/**
 * Return the multiples of a step from min to max.
 * @param {number} step
 * @param {number} min
 * @param {number} max
 */
function multiples(step, min, max) {
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // Multiplied, not added up: 0.1 + 0.2 would not be round.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({ value: (first + i) * step }));
}

/**
 * Return the tick's text with as many decimals as the steps need. Ticks that differ only beyond six digits are written
 * as the first one, and differences from it.
 * @param {number} value
 * @param {{value: number}[]} ticks
 */
export function valueTickText(value, ticks) {
  const [first, second = { value: 2 * first.value || 1 }] = ticks;
  const step = second.value - first.value;
  const texts = new Set(ticks.map((tick) => tickText(tick.value, step, ticks)));
  if (texts.size === ticks.length || value === first.value) return tickText(value, step, ticks);
  return `+${numberText(value - first.value, AS_TYPED)}`;
}

/** @type {(value: number, step: number, ticks: {value: number}[]) => string} */
function tickText(value, step, ticks) {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const size = Math.max(Math.abs(ticks[0].value), Math.abs(ticks[ticks.length - 1].value));
  const digits = decimals + String(Math.trunc(size)).length;
  const isPlain = size < 1e6 && decimals <= MOST_DECIMALS && digits <= MOST_DIGITS && ticks.length > 1;
  return isPlain ? fixedText(value, decimals) : numberText(value, AS_TYPED);
}
