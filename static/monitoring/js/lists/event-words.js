// Events in words.
import { durationText, momentText, rangeText } from "../base/times.js";

export const EVENT_SIGN = "▬";

/** What it is, as "Step up". */
export function kindText({ kind }) {
  const words = kind.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const SHORTEST_MS = 1000;

/** Whether it was over as soon as it was there, as a spike of a single reading is. */
export const isMoment = ({ start, end }) => end !== null && end - start < SHORTEST_MS;

/** How long it lasts, as "for 3 min", or lasted, as "14 s"; empty for a moment. */
export function lengthText(event, now) {
  const { start, end } = event;
  if (end === null) return `for ${durationText(Math.max(0, now - start))}`;
  return isMoment(event) ? "" : durationText(end - start);
}

/** When it was, as "since 12:00:00", "12:00:00 to 12:00:14" or "12:00:00". */
export function whenText(event) {
  const { start, end } = event;
  if (isMoment(event)) return momentText(start);
  return end === null ? `since ${momentText(start)}` : rangeText({ from: start, to: end });
}

/** Why it is one; the tag is named already. */
export function whyText({ tag, explanation }) {
  return explanation.startsWith(`${tag} `) ? explanation.slice(tag.length + 1) : explanation;
}

/** What, when and why. */
export function eventText(event) {
  return `${kindText(event)}, ${whenText(event)}: ${whyText(event)}`;
}

export const eventsText = (count) => (count === 1 ? "1 event" : `${count} events`);
