// Round numbers for the axes: times in milliseconds, and values.
import { dayMonth, hoursMinutes, hoursMinutesSeconds, monthYear } from "./times.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = 4; // days from the epoch's first, a Thursday

const yearText = (ms) => String(new Date(ms).getFullYear());

// Each: how long it is about, and where it begins between two times.
const STEPS = [
  ...steps(SECOND, [1, 2, 5, 10, 15, 30], (n) => even(n * SECOND, hoursMinutesSeconds)),
  ...steps(MINUTE, [1, 2, 5, 10, 15, 30], (n) => even(n * MINUTE, clockText)),
  ...steps(HOUR, [1, 2, 3, 6, 12], (n) =>
    local(clockText, (first, i) => [first.getFullYear(), first.getMonth(), first.getDate(), i * n]),
  ),
  ...steps(DAY, [1, 2, 7, 14], (n) => local(dayMonth, (first, i) => [1970, 0, 1 + dayOf(first, n) + i * n])),
  ...steps(30.5 * DAY, [1, 3, 6], (n) =>
    local(monthYear, (first, i) => [first.getFullYear(), floorTo(n, first.getMonth()) + i * n]),
  ),
  ...steps(365 * DAY, [1, 2, 5, 10, 20, 50], (n) =>
    local(yearText, (first, i) => [floorTo(n, first.getFullYear()) + i * n, 0]),
  ),
];

function steps(ms, counts, ticksOf) {
  return counts.map((count) => ({ ms: ms * count, ticks: ticksOf(count) }));
}

/** Times from min to max, at most about `most` of them, round in the viewer's zone, each with its text. */
export function timeTicks(min, max, most) {
  const step = STEPS.find(({ ms }) => (max - min) / ms <= most) ?? STEPS.at(-1);
  return step.ticks(min, max);
}

/** Steps that are always equally long. */
function even(step, text) {
  return (min, max) => {
    const shift = new Date(max).getTimezoneOffset() * MINUTE;
    const ticks = [];
    for (let at = Math.ceil((min - shift) / step) * step + shift; at <= max; at += step)
      ticks.push({ value: at, text: text(at) });
    return ticks;
  };
}

/**
 * Steps of the viewer's calendar, where a day may have 23 hours; `fields` gives the i-th as Date takes it.
 * @param {(ms: number) => string} text
 * @param {(first: Date, i: number) => [year: number, month: number, day?: number, hour?: number]} fields
 */
function local(text, fields) {
  return (min, max) => {
    const first = new Date(min);
    const ticks = [];
    for (let i = 0; ; i++) {
      const value = new Date(...fields(first, i)).getTime();
      if (!(value <= max)) return ticks;
      if (value >= min) ticks.push({ value, text: text(value) });
    }
  };
}

const floorTo = (n, value) => Math.floor(value / n) * n;

/** The last day up to the time's own at which a step of so many days begins, in days since the epoch. */
function dayOf(time, days) {
  const day = Math.round(Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) / DAY);
  return floorTo(days, day - MONDAY) + MONDAY;
}

/** Midnight goes by the day that begins. */
function clockText(ms) {
  const text = hoursMinutes(ms);
  return text === "00:00" ? dayMonth(ms) : text;
}

/** Values from min to max in steps of 1, 2 or 5 times a power of ten, at most `most` of them. */
export function valueTicks(min, max, most) {
  const rough = Math.max((max - min) / most, 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // Multiplied, not added up: 0.1 + 0.2 would not be round.
  return Array.from({ length: last - first + 1 }, (_, i) => ({ value: (first + i) * step }));
}

/** The tick's text, with as many decimals as the steps need. */
export function valueTickText(value, ticks) {
  const step = ticks.length > 1 ? ticks[1].value - ticks[0].value : 1;
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
