// Times in the viewer's time zone.
import { serverNow } from "./clock.js";
import { setAttribute, setText } from "./dom.js";
import { filled } from "./pattern.js";
import { settings } from "./settings.js";
import { isAmbiguous, offsetText } from "./wall-time.js";

/** @typedef {import("./settings.js").TimeRange} TimeRange */

const MONTHS = Array.from({ length: 12 }, (_, i) =>
  new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" }).format(Date.UTC(2026, i)),
);

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/** @param {number} ms */
export function hoursMinutes(ms) {
  const local = new Date(ms);
  return `${two(local.getHours())}:${two(local.getMinutes())}`;
}

/** @param {number} ms */
export const hoursMinutesSeconds = (ms) => `${hoursMinutes(ms)}:${two(new Date(ms).getSeconds())}`;

/** @param {number} ms */
export function dayMonth(ms) {
  const local = new Date(ms);
  return `${local.getDate()} ${MONTHS[local.getMonth()]}`;
}

/** @param {number} ms */
export function monthYear(ms) {
  const local = new Date(ms);
  return `${MONTHS[local.getMonth()]} ${local.getFullYear()}`;
}

/** @param {number} ms */
const dayMonthYear = (ms) => `${dayMonth(ms)} ${new Date(ms).getFullYear()}`;

/**
 * Return the time of day, with the offset from UTC where the clocks show it twice.
 * @param {number} ms epoch milliseconds
 */
const clockTime = (ms) => hoursMinutesSeconds(ms) + (isAmbiguous(ms) ? ` ${offsetText(ms)}` : "");

/** @type {(one: number, other: number) => boolean} */
const isSameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/**
 * Return the time, with its date unless the date is today's, and with its year unless the year is the current one.
 * @param {number} ms epoch milliseconds
 */
export function momentText(ms) {
  const now = serverNow();
  if (isSameDay(ms, now)) return clockTime(ms);
  const thisYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return `${(thisYear ? dayMonth : dayMonthYear)(ms)} ${clockTime(ms)}`;
}

/**
 * Return both ends of a range; the second has a date only if it differs from the first.
 * @param {TimeRange} range
 * @param {{withDate?: boolean}} options `withDate`: show the first date even if it is today's
 */
export function rangeText({ from, to }, { withDate = false } = {}) {
  const first = withDate ? `${dayMonthYear(from)} ${clockTime(from)}` : momentText(from);
  return `${first} to ${untilText({ from, to })}`;
}

/**
 * Return the end of a range, with a date only if it differs from the first.
 * @param {TimeRange} range
 */
export function untilText({ from, to }) {
  return isSameDay(from, to) ? clockTime(to) : momentText(to);
}

/**
 * Return an age in its largest useful unit.
 * @param {number} ms
 */
export const ageText = (ms) => spanText(ms, settings.spans.age);

/**
 * Return a duration in its one or two largest units, down to the minute.
 * @param {number} ms
 */
export const durationText = (ms) => spanText(ms, settings.spans.duration);

/**
 * Return by how much a reading is ahead of time.
 * @param {number} ms
 */
export const leadText = (ms) => spanText(ms, settings.spans.lead);

/**
 * Return a duration in the first format whose bound is above it: seconds rounded, larger units as far as complete; a
 * second unit of which there is none is left out. monitoring/kernel/number_format.py has the same rule and the formats.
 * @param {number} ms
 * @param {import("./settings.js").DurationFormat[]} formats
 */
function spanText(ms, formats) {
  const seconds = Math.max(0, ms / 1000);
  const { unitsS, pattern } = formats.find(({ belowS }) => belowS === null || seconds < belowS) ?? formats[0];
  if (unitsS[0] === 1) return filled(pattern, [Math.round(seconds)]);
  const numbers = unitsS.map((unit, i) => Math.floor((i ? seconds % unitsS[i - 1] : seconds) / unit));
  return filled(numbers.at(-1) ? pattern : pattern.split(" {}")[0], numbers);
}

/**
 * Show a time in a <time> element.
 * @param {Element} node
 * @param {number} ms epoch milliseconds
 */
export function showTime(node, ms) {
  setAttribute(node, "datetime", new Date(ms).toISOString());
  setText(node, momentText(ms));
}

/**
 * Convert every time that the server wrote in UTC to the viewer's time zone. One with `data-from` is the end of a range.
 * @param {ParentNode} root
 */
export function localiseTimes(root = document) {
  for (const node of root.querySelectorAll("time[datetime]:not([datetime=''])")) {
    const at = Date.parse(node.getAttribute("datetime") ?? "");
    const from = Date.parse(node.getAttribute("data-from") ?? "");
    setText(node, Number.isNaN(from) ? momentText(at) : untilText({ from, to: at }));
  }
}

/**
 * Return the time zone's name and its offset from UTC, as in "Europe/Berlin (UTC+1)"; both offsets of a range in which
 * the clocks change.
 * @param {number} from epoch milliseconds
 * @param {number} to epoch milliseconds
 */
export function zoneText(from = serverNow(), to = from) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
  const offsets = [...new Set([from, to].map(offsetText))].join(", then ");
  return offsets === zone ? zone : `${zone} (${offsets})`;
}
