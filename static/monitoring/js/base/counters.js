// The rate of a counter. monitoring/history/counters.py has the same rule, with the cases in tests/js/cases/counters.json.
import { AS_TYPED, numberText } from "./numbers.js";

const HOUR_MS = 3600000;
const DIGITS = 3;

/**
 * Return the growth per hour over points in order of time; null for fewer than two times. A value below the one before
 * means that the counter has started again at zero in between.
 * @param {{x: number, y: number}[]} points
 */
export function ratePerHour(points) {
  if (points.length < 2) return null;
  const ms = points[points.length - 1].x - points[0].x;
  if (ms <= 0) return null;
  let growth = 0;
  for (let i = 1; i < points.length; i++) {
    const [before, value] = [points[i - 1].y, points[i].y];
    growth += value >= before ? value - before : Math.max(value, 0);
  }
  return (growth * HOUR_MS) / ms;
}

/**
 * Return the rate of the points in words; empty if it is not known.
 * @param {{unit: string}} tag
 * @param {{x: number, y: number}[]} points
 */
export function rateText({ unit }, points) {
  const rate = ratePerHour(points);
  return rate === null ? "" : `${numberText(Number(rate.toPrecision(DIGITS)), AS_TYPED)} ${unit}/h`;
}
