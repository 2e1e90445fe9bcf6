// The alarms that the page holds: counts by priority, and of each tag the most urgent alarm. They come from the server
// at once when the stream tells of a change, and otherwise every few seconds.
import { makePause } from "../base/pause.js";
import { get, RequestFailed } from "../base/request.js";

/**
 * An alarm as /alarms/present sends it. Times are ISO 8601; `id` is the definition's, `occurrence` the one that an
 * acknowledgement has to name; `tag` is null for an alarm of a group or of the system. `word`, `detail` and `urgency` are
 * those of a card, `line` is for the bar.
 * @typedef {{id: number, occurrence: number | null, tag: string | null, name: string, kind: string, title: string,
 *   condition: string, priority: string, state: string, active: boolean, acknowledged: boolean,
 *   active_at: string | null, cleared_at: string | null, word: string, detail: string, line: string,
 *   urgency: number}} AlarmItem
 *
 * An alarm with times in epoch milliseconds.
 * @typedef {Omit<AlarmItem, "active_at" | "cleared_at"> & {activeAt: number | null, clearedAt: number | null}} BriefAlarm
 *
 * The server's answer. `unacknowledged`: numbers by priority, null while the database is away; `newest`: the newest alarm
 * that nobody has acknowledged; `alarms`: most urgent first, one a tag; `isCut`: there are more, and `ofTags` has those of
 * the tags on the page; `failing` says that channels of notifications fail.
 * @typedef {{now: string, revision: number | null, unacknowledged: Record<string, number> | null, shelved: number,
 *   suppressed: number, newest: AlarmItem | null, alarms: AlarmItem[], ofTags: AlarmItem[],
 *   isCut: boolean, failing: string}} PresentAlarms
 *
 * Addresses and the visitor's rights; `csrf`: empty without a login.
 * @typedef {{url: string, list: string, notes: string, mayAcknowledge: boolean, mayShelve: boolean, isSignedIn: boolean,
 *   csrf: string, priorities: string[],
 *   words: Record<"none" | "unknown" | "noAlarm" | "unknownAlarms" | "left" | "ranOut", string>}} AlarmSettings
 */

const EVERY_MS = 2000;
const STREAMING_EVERY_MS = 10000;
const HIDDEN_EVERY_MS = 5000;
const AT_MOST_EVERY_MS = 700; // many changes need one request
/** @type {PresentAlarms | null} */
let present = null;
/** @type {Map<string, BriefAlarm>} by tag */
let ofTags = new Map();
/** @type {() => string[]} the tags on the page */
let tagsShown = () => [];
/** @type {((hasChanged: boolean) => void)[]} */
const listeners = [];
let isStreaming = false;
let isDue = false;
let heardAt = Date.now();
let isFailing = false;
const [pause, wake] = makePause();

/**
 * Return what the server wrote into the page; null on a page without the bar.
 * @param {"alarms-present" | "alarms-of-cards" | "alarm-settings"} id
 */
function written(id) {
  const node = document.getElementById(id);
  return node && JSON.parse(node.textContent ?? "");
}

/** @type {AlarmSettings | null} */
export const alarmSettings = written("alarm-settings");

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
 * Store the present alarms in place of those known.
 * @param {PresentAlarms} found
 */
export function storeAlarms(found) {
  present = found;
  const items = [...found.alarms, ...found.ofTags];
  ofTags = new Map(items.flatMap((item) => (item.tag === null ? [] : [[item.tag, alarmOf(item)]])));
}

/**
 * Ask for the alarms of these tags, too, however many alarms there are.
 * @param {() => string[]} tags
 */
export function followTags(tags) {
  tagsShown = tags;
}

/** Return what the server sent last; null on a page without the bar. */
export const presentAlarms = () => present;

/** Return when the server last answered, in epoch milliseconds by the viewer's clock. */
export const alarmsHeardAt = () => heardAt;

/**
 * Return whether requests fail, and the last answer is older than this.
 * @param {number} ms
 */
export const areAlarmsLost = (ms) => isFailing && Date.now() - heardAt > ms;

/**
 * Return the most urgent present alarm of a tag; null if there is none.
 * @param {string} tag
 */
export const alarmOfTag = (tag) => ofTags.get(tag) ?? null;

/**
 * Call back after each answer of the server, with whether alarms have changed, or when a request has failed.
 * @param {(hasChanged: boolean) => void} callback
 */
export function onAlarms(callback) {
  listeners.push(callback);
}

/**
 * Note whether the stream tells of every change.
 * @param {boolean} does
 */
export function noteStreaming(does) {
  isStreaming = does;
}

/** Read the alarms at once: some have changed. */
export function refreshAlarms() {
  isDue = true;
  wake();
}

/** Read the alarms, forever. */
export async function followAlarms() {
  if (!alarmSettings) return;
  for (;;) {
    if (!isDue) await pause(pauseMs());
    isDue = false;
    const before = present;
    await readAlarms(alarmSettings.url);
    for (const listener of listeners) listener(present !== before);
    await new Promise((resolve) => setTimeout(resolve, AT_MOST_EVERY_MS));
  }
}

function pauseMs() {
  if (isStreaming && !isFailing) return STREAMING_EVERY_MS;
  return document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
}

/**
 * Read the alarms once.
 * @param {string} url
 */
export async function readAlarms(url) {
  try {
    const { body } = await get(url, { parameters: { revision: present?.revision ?? "", tag: tagsShown() } });
    heardAt = Date.now();
    isFailing = false;
    if (body.alarms) storeAlarms(body);
    else if (present) present.failing = body.failing;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    isFailing = true; // the next attempt follows
  }
}

const first = written("alarms-present");
if (first) storeAlarms({ ...first, ofTags: written("alarms-of-cards") ?? [] });
