// Events as text. The first paint has the same from the server (monitoring/dashboard/events.py).
import { filled } from "../base/pattern.js";
import { settings } from "../base/settings.js";
import { durationText, momentText, rangeText } from "../base/times.js";
import { words } from "../base/words.js";

/** @typedef {import("../live/events.js").PlantEvent} PlantEvent */

export const EVENT_SIGN = "▬";

/**
 * Return the kind of an event, as "Step up".
 * @param {Pick<PlantEvent, "kind">} event
 */
export function kindText({ kind }) {
  const text = kind.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Return whether the event ended as soon as it began, as a spike of a single reading does.
 * @param {Pick<PlantEvent, "start" | "end">} event
 */
export const isMoment = ({ start, end }) => end !== null && end - start < settings.shortestEventMs;

/**
 * Return whether the event is of a kind that happens at a moment: while open it has an age and no duration.
 * @param {Pick<PlantEvent, "kind">} event
 */
export const isMomentary = ({ kind }) => settings.momentaryKinds.includes(kind);

/**
 * Return the length of an open event, as "for 3 min", or of an ended one, as "14 s"; empty for a moment. An open event
 * of a kind that happens at a moment has an age, as "3 min ago".
 * @param {Pick<PlantEvent, "kind" | "start" | "end">} event
 * @param {number} now epoch milliseconds
 */
export function lengthText(event, now) {
  const { start, end } = event;
  const { past, lasting } = words.patterns;
  if (end === null) return filled(isMomentary(event) ? past : lasting, [durationText(now - start)]);
  return isMoment(event) ? "" : durationText(end - start);
}

/**
 * Return the time of an event, as "since 12:00:00", "12:00:00 to 12:00:14" or "12:00:00".
 * @param {Pick<PlantEvent, "kind" | "start" | "end">} event
 */
export function whenText(event) {
  const { start, end } = event;
  if (isMoment(event) || (end === null && isMomentary(event))) return momentText(start);
  return end === null ? `since ${momentText(start)}` : rangeText({ from: start, to: end });
}

/**
 * Return the explanation without the tag's name at its beginning.
 * @param {Pick<PlantEvent, "tag" | "explanation">} event
 */
export function whyText({ tag, explanation }) {
  return explanation.startsWith(`${tag} `) ? explanation.slice(tag.length + 1) : explanation;
}

/**
 * Return the kind, time and explanation of an event.
 * @param {PlantEvent} event
 */
export function eventText(event) {
  return `${kindText(event)}, ${whenText(event)}: ${whyText(event)}`;
}

/**
 * Return the whole event with the margin that an anomaly has, up to now.
 * @param {Pick<PlantEvent, "start" | "end">} event
 * @param {number} now epoch milliseconds
 */
export function timeAround({ start, end }, now) {
  return { from: start - settings.aroundMs, to: Math.min((end ?? now) + settings.aroundMs, now) };
}

/** @param {number} count */
export const eventsText = (count) => (count === 1 ? "1 event" : `${count} events`);
