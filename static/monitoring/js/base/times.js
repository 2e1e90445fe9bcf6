// Times in the viewer's zone.
import { serverNow } from "./clock.js";
import { setAttribute, setText } from "./dom.js";

const format = (options) => new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", ...options });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTES = format({ hour: "2-digit", minute: "2-digit" });
const DAY = format({ day: "numeric", month: "short" });
const MONTH = format({ month: "short", year: "numeric" });
const DAY_AND_YEAR = format({ day: "numeric", month: "short", year: "numeric" });

export const hoursMinutes = (ms) => MINUTES.format(ms);
export const hoursMinutesSeconds = (ms) => SECONDS.format(ms);

export const dayMonth = (ms) => DAY.format(ms);
export const monthYear = (ms) => MONTH.format(ms);

const isSameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/** The time, with its date unless that is today's and with its year unless that is this one. */
export function momentText(ms) {
  const now = serverNow();
  if (isSameDay(ms, now)) return SECONDS.format(ms);
  const thisYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return `${(thisYear ? DAY : DAY_AND_YEAR).format(ms)} ${SECONDS.format(ms)}`;
}

/** Two times, of which the second has its date only if it is another; `withDate` also if it is today's. */
export function rangeText({ from, to }, { withDate = false } = {}) {
  const first = withDate ? `${DAY_AND_YEAR.format(from)} ${SECONDS.format(from)}` : momentText(from);
  return `${first} to ${untilText({ from, to })}`;
}

/** The second of two times, with its date only if it is another. */
export function untilText({ from, to }) {
  return isSameDay(from, to) ? SECONDS.format(to) : momentText(to);
}

/** A duration in the one or two units that matter. */
export function ageText(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} days`;
}

/** A duration in the one or two units that matter, down to the minute. */
export function durationText(ms) {
  const minutes = Math.floor(ms / 60000);
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
  if (minutes < 2) return `${Math.round(ms / 1000)} s`;
  if (hours < 1) return `${minutes} min`;
  return days < 1 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}

export function showTime(node, ms) {
  setAttribute(node, "datetime", new Date(ms).toISOString());
  setText(node, momentText(ms));
}

/** Puts every time that the server wrote in UTC into the viewer's zone. */
export function localiseTimes(root = document) {
  for (const node of root.querySelectorAll("time[datetime]:not([datetime=''])")) {
    setText(node, momentText(Date.parse(node.getAttribute("datetime"))));
  }
}

/** The zone's name and its distance from UTC, as in "Europe/Berlin (UTC+1)". */
export function zoneText() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
  const part = format({ timeZoneName: "shortOffset" })
    .formatToParts(serverNow())
    .find((p) => p.type === "timeZoneName");
  const offset = (part?.value ?? "").replace("GMT", "UTC");
  return offset && offset !== zone ? `${zone} (${offset})` : zone;
}
