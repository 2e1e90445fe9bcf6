// Until when sources confirm values that they did not send again: the same rule as on the server
// (monitoring/history/confirmed.py).
import { settings } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").ConfirmedSource} ConfirmedSource
 * @typedef {import("../base/settings.js").Tag} Tag
 */

/** @type {Map<string, {until: number, bad: Set<string>}>} */
let known = new Map();
noteConfirmed(settings.confirmed);

/**
 * Replace what is known of all sources.
 * @param {ConfirmedSource[]} sources as /health sends them
 */
export function noteConfirmed(sources) {
  known = new Map(sources.map(({ name, until, bad }) => [name, { until: Date.parse(until), bad: new Set(bad) }]));
}

/**
 * Return until when the value of a tag is confirmed, in epoch milliseconds; -Infinity without a confirmation.
 * @param {Tag} tag
 */
export function confirmedUntil({ name, sources = [] }) {
  const found = sources.map((source) => known.get(source)).filter((one) => one && !one.bad.has(name));
  return Math.max(...found.map((one) => one?.until ?? -Infinity));
}

/** Return until when any source confirms values, in epoch milliseconds; -Infinity without a confirmation. */
export const newestConfirmation = () => Math.max(...[...known.values()].map(({ until }) => until));
