// What the server put into the page for the scripts.

/**
 * A tag as the scripts know it. `lower`, `upper`: its alarm limits in its unit; `decimals`: how many its values are
 * shown with; `rawFrom`: measurements before that were deleted; both times are ISO 8601.
 * @typedef {{name: string, unit: string, lower: number | null, upper: number | null, decimals: number, active?: boolean,
 *   staleAfterMs: number, rawFrom?: string | null, newestAnomaly?: string | null}} Tag
 *
 * A measurement as /data and the stream have it; `timestamp` is ISO 8601.
 * @typedef {{id: number, tag: string, timestamp: string, value: number, is_anomaly: boolean}} Measurement
 *
 * Why a measurement is an anomaly: the rule, and the band in the tag's unit that the value left, null on a side
 * without a bound.
 * @typedef {{reason: string, lower: number | null, upper: number | null}} Finding
 *
 * How many measurements and anomalies there are, up to the id `newestId`.
 * @typedef {{measurements: number, anomalies: number, newestId: number}} Counted
 *
 * A range of time in epoch milliseconds, both ends included.
 * @typedef {{from: number, to: number}} Range
 *
 * Times are ISO 8601, durations milliseconds. `part`: which of too many tags the page has, null if it has all;
 * `database`: whether it could be read; `urgency`: how much a state needs a person, by state; `words`: texts by subject
 * and key.
 * @typedef {object} Settings
 * @property {string} now
 * @property {number} staleAfterMs
 * @property {{tag: string, range: string, from: string | null, to: string | null, group: string, compare: string[],
 *   anomaly: number | null, event: number | null}} chosen
 * @property {boolean} database
 * @property {{beside: string[], search: string, page: number, text: string, newest: number | null} | null} part
 * @property {Tag[]} tags
 * @property {Measurement[]} latest
 * @property {import("../live/events.js").EventItem[]} events
 * @property {Counted | null} totals
 * @property {Record<"data" | "stream" | "trend" | "anomalies" | "events" | "stats" | "health" | "tags" | "export" | "login",
 *   string>} urls
 * @property {{copy: string, integrity: string, trouble: string}} chart
 * @property {Record<string, {ms: number, label: string}>} presets
 * @property {string} defaultPreset
 * @property {number} longestMs
 * @property {number} rawMs
 * @property {number} liveMs
 * @property {number} aheadMs
 * @property {number} aroundMs
 * @property {number} mostCharts
 * @property {number} mostCompared
 * @property {Record<string, number>} urgency
 * @property {string} otherGroup
 * @property {Record<"reasons" | "card" | "link" | "refused", Record<string, string>>} words
 */

/** @type {Settings} */
export const settings = JSON.parse(document.getElementById("settings").textContent);
export const tags = new Map(settings.tags.map((tag) => [tag.name, tag]));

/** How far back every measurement is kept at hand, and what the line beside a value tells. */
export const LIVE_MS = settings.liveMs;

/** A reading that is ahead of the server's clock by no more counts as one of now. */
export const AHEAD_MS = settings.aheadMs;

/**
 * The tag's definition; of one that was made after the page, what can be said without it.
 * @param {string} name
 * @returns {Tag}
 */
export function tagOf(name) {
  return (
    tags.get(name) ?? { name, unit: "", decimals: 3, lower: null, upper: null, staleAfterMs: settings.staleAfterMs }
  );
}
