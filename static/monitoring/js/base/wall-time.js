// The viewer's wall clock: where clocks change, a time occurs twice or not at all.

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;

/**
 * Return by how much the wall clock is ahead of UTC, in milliseconds.
 * @param {number} ms epoch milliseconds
 */
export function offsetMs(ms) {
  const local = new Date(ms);
  const day = new Date(0).setUTCFullYear(local.getFullYear(), local.getMonth(), local.getDate());
  const time = (local.getHours() * 60 + local.getMinutes()) * MINUTE;
  return day + time + local.getSeconds() * 1000 + local.getMilliseconds() - ms;
}

/**
 * Return the wall clock's time as if it were UTC, in milliseconds.
 * @param {number} ms epoch milliseconds
 */
export const wallOf = (ms) => ms + offsetMs(ms);

/**
 * Return the moments at which the wall clock shows a time: none in the hour that clocks skip, two in the one that they
 * repeat. Changes of an offset are days apart, in all zones.
 * @param {number} wall as of wallOf
 * @returns {number[]} epoch milliseconds, ascending
 */
export function timesOf(wall) {
  const found = new Set([wall - DAY, wall + DAY].map((probe) => wall - offsetMs(probe)));
  return [...found].filter((ms) => wallOf(ms) === wall).sort((one, other) => one - other);
}

/**
 * Return whether the wall clock shows the time of this moment twice.
 * @param {number} ms epoch milliseconds
 */
export function isAmbiguous(ms) {
  const [before, now, after] = [ms - DAY, ms, ms + DAY].map((time) => new Date(time).getTimezoneOffset());
  return (before !== now || now !== after) && timesOf(wallOf(ms)).length > 1;
}

/**
 * Return the offset from UTC, as in "UTC+2", "UTC-3:30" or "UTC".
 * @param {number} ms epoch milliseconds
 */
export const offsetText = (ms) => `UTC${shortOffsetText(ms)}`.replace(/\+0$/, "");

/**
 * Return the offset from UTC, as in "+2", "-3:30" or "+0".
 * @param {number} ms epoch milliseconds
 */
export function shortOffsetText(ms) {
  const offset = offsetMs(ms);
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, "0")}` : "";
  return `${offset < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest}`;
}
