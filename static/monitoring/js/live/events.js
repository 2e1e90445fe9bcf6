// The events that the page holds: the open ones, and the newest of those that have ended.
import { isOnPage, tagPage } from "../app/tag-page.js";
import { settings, tagOf } from "../base/settings.js";

/**
 * An event as /events and /stream send it. Times are ISO 8601; the end is null while the event is open.
 * @typedef {{id: number, tag: string, detector: string, kind: string, start: string, end: string | null, score: number,
 *   strength: string, explanation: string, part_of: number | null, others: number}} EventItem
 *
 * An event with times in epoch milliseconds; `heardAt` is when the page received it, by performance.now(); `until` is
 * where charts end an open event, by default at their right edge.
 * @typedef {Omit<EventItem, "start" | "end"> & {start: number, end: number | null, heardAt: number,
 *   until?: number}} PlantEvent
 *
 * Responses of /events: the `open` events (`areAll`: all of them), and the `newest` events of all.
 * @typedef {{open: EventItem[], areAll: boolean, newest: EventItem[]}} EventSnapshot
 *
 * Events in order: `open`, of tags in use, latest start first; `ended`, latest end first; `openOf`: `open` by tag.
 * @typedef {{open: PlantEvent[], ended: PlantEvent[], openOf: Map<string, PlantEvent[]>}} OrderedEvents
 */

const MOST_ENDED = 500;
/** @type {Map<number, PlantEvent>} by id */
const known = new Map();
/** @type {PlantEvent[]} */
const none = [];
/** @type {OrderedEvents | null} null after a change, until the events are put in order again */
let ordered = null;
let isCut = false;
let unlisted = 0;

/**
 * Return whether the event is hardly more than usual.
 * @param {Pick<PlantEvent, "strength">} event
 */
export const isWeak = ({ strength }) => strength === settings.strengths[0];

/**
 * Return the events in order of strength, those of equal strength in the given order; no weak ones.
 * @param {PlantEvent[]} events
 */
export function strongestFirst(events) {
  const rank = (/** @type {PlantEvent} */ { strength }) => settings.strengths.indexOf(strength);
  return events.filter((event) => !isWeak(event)).sort((one, other) => rank(other) - rank(one));
}

/**
 * Convert an event from the server.
 * @param {EventItem} item
 * @param {number} heardAt
 * @returns {PlantEvent}
 */
export function eventOf({ start, end, ...item }, heardAt = -Infinity) {
  return { ...item, start: Date.parse(start), end: end === null ? null : Date.parse(end), heardAt };
}

/**
 * Store events that the server pushed. They are newer than any response to an earlier request.
 * @param {EventItem[]} items
 */
export function receiveEvents(items) {
  store(items.map((item) => eventOf(item, performance.now())));
}

/**
 * Merge responses of /events to requests that were sent at `askedAt`, by performance.now(). Events that the page
 * received later stay as they are.
 * @param {EventSnapshot} snapshot
 * @param {number} askedAt
 */
export function mergeEvents({ open, areAll, newest }, askedAt) {
  const lasting = new Set(open.map(({ id }) => id));
  // The response has all open events that began after this time.
  const since = areAll ? -Infinity : open.length ? Date.parse(open[open.length - 1].start) : Infinity;
  for (const { id, tag, start, end, heardAt } of known.values()) {
    const isCovered = start > since || (tagPage && !isOnPage(tag)); // of tags on other pages, the newest events suffice
    if (isCovered && end === null && heardAt < askedAt && !lasting.has(id)) known.delete(id); // ended unnoticed
  }
  isCut = tagPage !== null && !areAll;
  unlisted = 0;
  const items = [...open, ...newest].map((item) => eventOf(item, askedAt));
  store(items.filter(({ id }) => !((known.get(id)?.heardAt ?? -Infinity) > askedAt)));
}

/** @param {PlantEvent[]} events */
function store(events) {
  for (const event of events) known.set(event.id, event);
  ordered = null;
  const { ended } = inOrder();
  for (const { id } of ended.splice(MOST_ENDED)) known.delete(id);
}

function inOrder() {
  if (ordered) return ordered;
  const all = [...known.values()];
  const open = all
    .filter(({ end, tag }) => end === null && tagOf(tag).active !== false)
    .sort((one, other) => other.start - one.start || other.id - one.id);
  const ended = all
    .filter(({ end }) => end !== null)
    .sort((one, other) => Number(other.end) - Number(one.end) || other.id - one.id);
  ordered = { open, ended, openOf: Map.groupBy(open, ({ tag }) => tag) };
  return ordered;
}

/** Return the open events of all tags, latest start first. */
export const openEvents = () => inOrder().open;

/**
 * Return whether the event is one of its own, not part of another one with the same cause.
 * @param {PlantEvent} event
 */
export const isListed = (event) => !event.part_of;

/** Return whether tags on other pages may have more open events. */
export const areMoreOpen = () => isCut;

/** Return how many open events, weak ones aside, the server has counted beyond those that the page was made with. */
export const unlistedEvents = () => unlisted;

/**
 * Return the open events of one tag, latest start first.
 * @param {string} tag
 */
export const openEventsOf = (tag) => inOrder().openOf.get(tag) ?? none;

/** Return the events that have ended, latest end first. */
export const endedEvents = () => inOrder().ended;

/**
 * Return the tag's events that overlap a range, earliest start first.
 * @param {string} tag
 * @param {import("../base/settings.js").TimeRange} range
 * @param {PlantEvent[]} read events that were read with the range
 */
export function eventsOver(tag, { from, to }, read = []) {
  const found = new Map(read.map((event) => [event.id, event]));
  for (const event of known.values()) if (event.tag === tag) found.set(event.id, event);
  const overlapping = [...found.values()].filter(({ start, end }) => start <= to && (end ?? Infinity) >= from);
  return overlapping.sort((one, other) => one.start - other.start || one.id - other.id);
}

store(settings.events.map((item) => eventOf(item)));
unlisted = Math.max(0, settings.openEvents - openEvents().filter((event) => !isWeak(event) && isListed(event)).length);
