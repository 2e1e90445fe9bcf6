// The state of the data connection. The first paint has it from the server (monitoring/dashboard/link.py), by the same
// rule, words and patterns.
import { filled } from "../base/pattern.js";
import { settings } from "../base/settings.js";
import { ageText, momentText } from "../base/times.js";
import { words } from "../base/words.js";

/**
 * @typedef {import("../base/request.js").ContactKind} ContactKind
 * @typedef {import("../base/request.js").FailureKind | "empty" | "stale" | "live"} LinkState
 *
 * How the last request went, and when one last succeeded, in epoch milliseconds.
 * @typedef {{kind: ContactKind, since: number}} Contact
 */

/**
 * @param {Contact} contact
 * @param {number} now epoch milliseconds
 * @param {number | null} newest time of the newest reading in epoch milliseconds, null if there is none
 * @returns {LinkState}
 */
export function linkState({ kind }, now, newest) {
  if (kind !== "ok") return kind;
  if (newest === null) return "empty";
  return now - newest > settings.staleAfterMs ? "stale" : "live";
}

/**
 * Return since when, or how long ago; the arguments are those of linkState.
 * @type {(contact: Contact, now: number, newest: number | null) => string}
 */
export function linkDetail(contact, now, newest) {
  const time = contact.kind === "ok" ? (newest ?? now) : contact.since;
  const places = { time: momentText(time), age: ageText(now - time) };
  return filled(words.linkDetails[linkState(contact, now, newest)], places);
}
