// The settings that the server writes into the page for the scripts.

/**
 * A tag's definition. `shownName`: the name for people; `kind`: as in kinds.js; `states`: names of the values of a
 * discrete tag; `sources`: names of the field sources that send it; `lower`, `upper`: alarm limits in the tag's unit; `decimals`,
 * `mostDecimals`: the format of a value, see numbers.js;
 * `rawFrom`: earlier measurements were deleted; `outsideSince`: when the newest value's limit was left; `ahead`: readings ahead of time,
 * the last one at `until`. Times are ISO 8601.
 * @typedef {{name: string, shownName: string, kind: string, states: Record<string, string>, sources: string[],
 *   unit: string, lower: number | null, upper: number | null,
 *   decimals: number, mostDecimals: number | null,
 *   active?: boolean, simulated?: boolean, definition?: string, staleAfterMs: number, rawFrom?: string | null, newestAnomaly?: string | null,
 *   outsideSince?: string | null, ahead?: {readings: number, until: string} | null}} Tag
 *
 * A measurement as /data and /stream send it; `timestamp` is ISO 8601.
 * @typedef {{id: number, tag: string, timestamp: string, value: number, is_anomaly: boolean}} Measurement
 *
 * Why a measurement is an anomaly: the rule, and the band in the tag's unit that the value left. A bound is null on a
 * side without a limit.
 * @typedef {{reason: string, lower: number | null, upper: number | null}} RuleViolation
 *
 * A measurement with its rule violations, as /anomalies sends it.
 * @typedef {Measurement & {findings: RuleViolation[]}} Anomaly
 *
 * The numbers of measurements and anomalies.
 * @typedef {{measurements: number, anomalies: number}} Totals
 *
 * Totals up to the measurement with the id `newestId`.
 * @typedef {Totals & {newestId: number}} CountedTotals
 *
 * A source that confirms values of its tags until a time (ISO 8601), except those that it marks as bad.
 * @typedef {{name: string, until: string, bad: string[]}} ConfirmedSource
 *
 * The server's state as /health sends it; `since` is ISO 8601.
 * @typedef {{timestamp: string, confirmed: ConfirmedSource[], problems: string[], since: string | null, notices: string[],
 *   learning: {text: string, tags: {tag: string, text: string}[]}, definitions?: string}} Health
 *
 * A range of time in epoch milliseconds, both ends included.
 * @typedef {{from: number, to: number}} TimeRange
 *
 * The subset of tags on a page of a plant with too many tags for one page. `beside`: tags that are only here to be
 * compared with others; `newest`: time of the newest measurement of any tag, in epoch milliseconds.
 * @typedef {{beside: string[], search: string, page: number, text: string, newest: number | null}} TagPage
 *
 * How durations shorter than `belowS` seconds (null: all) are written: a pattern with a number for each unit in seconds.
 * @typedef {{belowS: number | null, unitsS: number[], pattern: string}} DurationFormat
 *
 * A view that somebody saved: the tags of its charts in order, or a group; `range`: the key of a preset, or empty.
 * @typedef {{slug: string, name: string, group: string, charts: string[], compare: string[], show: string, range: string}}
 *   SavedView
 *
 * Times are ISO 8601, durations milliseconds. `definitions`: differs when a tag's definition has changed; `saved`: the saved view that the page shows, or null; `part`: null if the page has all tags; `violations`: of the anomalies in `latest`; `openEvents`: number of all open events; `database`: whether the server
 * could read the database; `urgency`: how much a state needs a person, by state;
 * `limitKinds`: kinds of alarms of a limit; `strengths`: of events, weakest first; `momentaryKinds`: kinds of events that happen at a moment, `overAtOnce` the
 * one after which the value is back by itself; `words`: texts by subject and key.
 * @typedef {object} Settings
 * @property {string} now
 * @property {number} staleAfterMs
 * @property {{tag: string, range: string, from: string | null, to: string | null, group: string, compare: string[],
 *   charts: string[], show: string, anomaly: number | null, event: number | null}} chosen
 * @property {SavedView | null} saved
 * @property {boolean} database
 * @property {ConfirmedSource[]} confirmed
 * @property {boolean} hasSources whether field sources can have times without good values
 * @property {TagPage | null} part
 * @property {Tag[]} tags
 * @property {string} definitions
 * @property {Measurement[]} latest
 * @property {{id: number, findings: RuleViolation[]}[]} violations
 * @property {import("../live/events.js").EventItem[]} events
 * @property {number} openEvents
 * @property {CountedTotals | null} totals
 * @property {Record<"data" | "stream" | "trend" | "statistics" | "anomalies" | "events" | "stats" | "health" | "tags" |
 *   "export" | "quality" | "gaps" | "notes" | "views" | "login", string>} urls
 * @property {{copy: string, integrity: string, trouble: string}} chart
 * @property {Record<string, {ms: number, label: string}>} presets
 * @property {string} defaultPreset
 * @property {number} longestMs
 * @property {number} rawMs
 * @property {number} liveMs
 * @property {number} aheadMs
 * @property {number} aroundMs
 * @property {number} shortestStateMs
 * @property {number} mostAhead
 * @property {number} shortestEventMs
 * @property {number} mostOpenEvents
 * @property {number} mostCharts
 * @property {number} mostCompared
 * @property {number} mostChosen
 * @property {number} mostStatistics
 * @property {Record<"age" | "duration" | "lead", DurationFormat[]>} spans
 * @property {Record<string, number>} urgency
 * @property {string[]} limitKinds
 * @property {string[]} strengths
 * @property {string[]} momentaryKinds
 * @property {string} overAtOnce
 * @property {Record<string, string>} linkIcons
 * @property {string} otherGroup
 * @property {string} demoGroup
 * @property {Record<"reasons" | "card" | "link" | "linkDetails" | "limits" | "patterns" | "ahead" | "refused" | "other", Record<string, string>>}
 *   words
 */

/** @type {Settings} */
export const settings = JSON.parse(document.getElementById("settings").textContent ?? "");
const OF_NEW_TAG = { kind: "analog", states: {}, sources: [] };
/** Tags by their names. */
export const tags = new Map(settings.tags.map((tag) => [tag.name, tag]));

/** Length of the window in which the page holds every measurement, and of the sparkline beside a value. */
export const LIVE_MS = settings.liveMs;

/** A reading that is ahead of the server's clock by up to this much counts as current. */
export const AHEAD_MS = settings.aheadMs;

/**
 * Return the tag's definition, or defaults for a tag that is newer than the page.
 * @param {string} name
 * @returns {Tag}
 */
export function tagOf(name) {
  const { staleAfterMs } = settings;
  const known = tags.get(name);
  return (
    known ?? {
      ...OF_NEW_TAG,
      name,
      shownName: name,
      unit: "",
      decimals: 2,
      mostDecimals: 3,
      lower: null,
      upper: null,
      staleAfterMs,
    }
  );
}
