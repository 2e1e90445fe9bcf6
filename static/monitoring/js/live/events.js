// The events that the page knows: those that last, and the newest of those that have ended.
import { isOnPage, part } from "../app/part.js";
import { settings, tagOf } from "../base/settings.js";

const MOST_ENDED = 500;
const known = new Map(); // by id
const none = [];
let index = null; // what is known in order, null if it has changed since
let isCut = false;

/**
 * An event as /events and the stream have it; times are ISO 8601, the end null while it lasts.
 * @typedef {{id: number, tag: string, detector: string, kind: string, start: string, end: string | null, score: number,
 *   explanation: string}} EventItem
 *
 * The same with times in epoch milliseconds; `heardAt` is when the page learned of it, by performance.now().
 * @typedef {Omit<EventItem, "start" | "end"> & {start: number, end: number | null, heardAt: number}} PlantEvent
 */

/**
 * An event out of the server's item: its times are epoch milliseconds, the end null while it lasts.
 * @param {EventItem} item
 * @returns {PlantEvent}
 */
export function eventOf({ start, end, ...item }, heardAt = -Infinity) {
  return { ...item, start: Date.parse(start), end: end === null ? null : Date.parse(end), heardAt };
}

/** Takes events as the server tells them of its own accord: nothing that was asked for before is newer. */
export function hearEvents(items) {
  take(items.map((item) => eventOf(item, performance.now())));
}

/**
 * Takes what was asked for at a time by performance.now(): the `open` events of then (`areAll`: there were no
 * others), and the `newest` of all.
 */
export function readEvents({ open, areAll, newest }, askedAt) {
  const lasting = new Set(open.map(({ id }) => id));
  const since = areAll ? -Infinity : Date.parse(open.at(-1)?.start ?? Infinity); // all that began later are among them
  for (const { id, tag, start, end, heardAt } of known.values()) {
    const isCovered = start > since || (part && !isOnPage(tag)); // of tags elsewhere, the newest will do
    if (isCovered && end === null && heardAt < askedAt && !lasting.has(id)) known.delete(id); // over, and nobody said so
  }
  isCut = part !== null && !areAll;
  const items = [...open, ...newest].map((item) => eventOf(item, askedAt));
  take(items.filter(({ id }) => !(known.get(id)?.heardAt > askedAt)));
}

function take(events) {
  for (const event of events) known.set(event.id, event);
  index = null;
  const ended = inOrder().ended;
  for (const { id } of ended.splice(MOST_ENDED)) known.delete(id);
}

/** {open, ended}: the former, of tags in use, begun last first, the latter ended last first; `openOf`: the former by tag. */
function inOrder() {
  if (index) return index;
  const all = [...known.values()];
  const open = all
    .filter(({ end, tag }) => end === null && tagOf(tag).active !== false)
    .sort((one, other) => other.start - one.start || other.id - one.id);
  const ended = all.filter(({ end }) => end !== null).sort((one, other) => other.end - one.end || other.id - one.id);
  index = { open, ended, openOf: Map.groupBy(open, ({ tag }) => tag) };
  return index;
}

/** The events that last, of all tags: the one that began last first. */
export const openEvents = () => inOrder().open;

/** Whether there may be more of them, of tags that are not on the page. */
export const areMoreOpen = () => isCut;

/** Those of one tag. */
export const openEventsOf = (tag) => inOrder().openOf.get(tag) ?? none;

/** Those that have ended: the one that ended last first. */
export const endedEvents = () => inOrder().ended;

/** The tag's events that overlap a range, by their beginning; `read`: those that were read with the range. */
export function eventsOver(tag, { from, to }, read = []) {
  const found = new Map(read.map((event) => [event.id, event]));
  for (const event of known.values()) if (event.tag === tag) found.set(event.id, event);
  const overlapping = [...found.values()].filter(({ start, end }) => start <= to && (end ?? Infinity) >= from);
  return overlapping.sort((one, other) => one.start - other.start || one.id - other.id);
}

take(settings.events.map((item) => eventOf(item)));
