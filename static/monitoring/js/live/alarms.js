// The alarms that the page holds: of each tag the most urgent one that is present.
import { settings } from "../base/settings.js";

/**
 * An alarm as the page's settings and /alarms/present send it. Times are ISO 8601; `id` is the definition's,
 * `occurrence` what an acknowledgement has to name; `tag` is null for an alarm of a group or of the system.
 * @typedef {{id: number, occurrence: number | null, tag: string | null, name: string, kind: string, title: string,
 *   condition: string, priority: string, state: string, active: boolean, acknowledged: boolean,
 *   active_at: string | null, cleared_at: string | null}} AlarmItem
 *
 * An alarm with times in epoch milliseconds.
 * @typedef {Omit<AlarmItem, "active_at" | "cleared_at"> & {activeAt: number | null, clearedAt: number | null}} BriefAlarm
 */

/** @type {Map<string, BriefAlarm>} by tag */
let ofTags = new Map();

/**
 * Return an alarm with its times as numbers.
 * @param {AlarmItem} item
 * @returns {BriefAlarm}
 */
export function alarmOf({ active_at, cleared_at, ...item }) {
  return {
    ...item,
    activeAt: active_at === null ? null : Date.parse(active_at),
    clearedAt: cleared_at === null ? null : Date.parse(cleared_at),
  };
}

/**
 * Store the present alarms in place of those known, most urgent first.
 * @param {AlarmItem[]} items
 */
export function storeAlarms(items) {
  ofTags = new Map();
  for (const item of items) if (item.tag !== null && !ofTags.has(item.tag)) ofTags.set(item.tag, alarmOf(item));
}

/**
 * Return the most urgent present alarm of a tag; null if there is none.
 * @param {string} tag
 */
export const alarmOfTag = (tag) => ofTags.get(tag) ?? null;

storeAlarms(settings.alarms);
