// Days and weeks of the viewer's calendar as ranges of time. A day may have 23 or 25 hours.

/** @typedef {import("./settings.js").TimeRange} TimeRange */

/**
 * First and last day by name, as distances in days: from the first Monday's distance, and the day after the last.
 * @type {Record<string, (monday: number) => [number, number]>}
 */
const RANGES = {
  today: () => [0, 1],
  yesterday: () => [-1, 0],
  week: (monday) => [monday, monday + 7],
  "last-week": (monday) => [monday - 7, monday],
};

/**
 * Return a day or week, up to now at most.
 * @param {string} name "today", "yesterday", "week" or "last-week"
 * @param {number} now epoch milliseconds
 * @returns {TimeRange}
 */
export function calendarRange(name, now) {
  const today = new Date(now);
  const monday = -((today.getDay() + 6) % 7);
  const [first, after] = RANGES[name](monday);
  return { from: midnight(today, first), to: Math.min(now, midnight(today, after)) };
}

/**
 * Return a day, up to now at most; null if it is invalid or in the future.
 * @param {string} text as an input of the type date has it
 * @param {number} now epoch milliseconds
 * @returns {TimeRange | null}
 */
export function dayRange(text, now) {
  const [year, month, day] = text.split("-").map(Number);
  const date = new Date(year, month - 1, day);
  const range = { from: date.getTime(), to: Math.min(now, midnight(date, 1)) };
  return range.from < range.to ? range : null;
}

/**
 * Return the begin of the day so many days later. Where clocks skip midnight, the day begins later.
 * @param {Date} date
 * @param {number} days
 */
const midnight = (date, days) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
