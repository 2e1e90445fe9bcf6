// Round numbers for the axes: times in milliseconds, and values.
import { hoursMinutes, hoursMinutesSeconds } from "./times.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((n) => n * MINUTE),
];

/** Times from min to max, at most `most` of them, round in the viewer's zone. */
export function timeTicks(min, max, most) {
  const step = STEPS.find((candidate) => (max - min) / candidate <= most) ?? STEPS.at(-1);
  const shift = new Date(max).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let at = Math.ceil((min - shift) / step) * step + shift; at <= max; at += step) ticks.push({ value: at });
  return ticks;
}

/** The tick's text: seconds only where they differ. */
export function timeTickText(value, ticks) {
  const fine = ticks.some((tick) => tick.value % MINUTE !== 0);
  return fine ? hoursMinutesSeconds(value) : hoursMinutes(value);
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
