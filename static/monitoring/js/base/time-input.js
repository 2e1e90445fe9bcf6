// Times for inputs, on every page: also on those without the settings that the clock needs.
import { timesOf, wallOf } from "./wall-time.js";

/**
 * The time that an input was filled with, and its text.
 * @typedef {{text: string, ms: number}} FilledTime
 */

/**
 * Return the time as an input of the type datetime-local takes it: local, without a zone.
 * @param {number} ms
 */
export const inputText = (ms) => new Date(wallOf(ms)).toISOString().slice(0, 19);

/**
 * Return the moments that the text of an input can mean: two in the hour that clocks repeat, none in the one that they
 * skip; null if the text is no time.
 * @param {string} text
 */
export function timesOfInput(text) {
  const wall = Date.parse(`${text}Z`);
  return Number.isNaN(wall) ? null : timesOf(wall);
}

/**
 * Return the moment that the viewer means: an unchanged text means exactly the time that it was made of.
 * @param {string} text
 * @param {FilledTime | null} filled
 * @param {number} choice index of the moment, where the clocks show the time twice
 * @returns {number | "incomplete" | "skipped"} epoch milliseconds, or why there is none
 */
export function typedTime(text, filled, choice) {
  if (filled && text === filled.text && choiceOf(filled) === choice) return filled.ms;
  const times = timesOfInput(text);
  if (!times) return "incomplete";
  return times[Math.min(choice, times.length - 1)] ?? "skipped";
}

/**
 * Return which of the moments with its text a time is: 1 for the second where the clocks show it twice.
 * @param {FilledTime} filled
 */
export function choiceOf({ text, ms }) {
  const times = timesOfInput(text) ?? [];
  return times.length > 1 && ms >= times[1] ? 1 : 0;
}
