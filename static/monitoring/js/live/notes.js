// The notes of the time that the charts show. They are read again when that time changes, and every half minute.
import { get, RequestFailed } from "../base/request.js";
import { settings } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 *
 * A note with its times in epoch milliseconds; `end` is null for a moment.
 * @typedef {Omit<import("../app/note-dialog.js").NoteItem, "start" | "end"> & {start: number, end: number | null}} Note
 */

const EVERY_MS = 30000;
const AFTER_CHANGE_MS = 400; // a movement is many changes
const STALE_MS = 2 * EVERY_MS;
export const MOST_READ = 500;
/** @type {Note[]} newest first */
let known = [];
/** @type {{range: TimeRange, isCut: boolean} | null} the last read that succeeded */
let done = null;

/**
 * Store the notes that the server sent, newest first.
 * @param {import("../app/note-dialog.js").NoteItem[]} items
 * @param {TimeRange} range
 * @param {boolean} isCut whether the range has older notes, too
 */
export function storeNotes(items, range, isCut = false) {
  done = { range, isCut };
  known = items.map((item) => ({
    ...item,
    start: Date.parse(item.start),
    end: item.end ? Date.parse(item.end) : null,
  }));
}

/**
 * Return whether the notes of a range were read. A live range may end a little after the last read.
 * @param {TimeRange} range
 */
export const isRead = ({ from, to }) => done !== null && done.range.from <= from && to <= done.range.to + STALE_MS;

/** Return whether there were more notes than one read brings. */
export const isCut = () => done?.isCut ?? false;

/**
 * Return the notes that touch a range, newest first.
 * @param {TimeRange} range
 */
export const notesIn = ({ from, to }) => known.filter(({ start, end }) => start <= to && (end ?? start) >= from);

/**
 * Return the notes in a range on a tag, on its group, on its vessel then and on the whole plant, oldest first.
 * @param {string} tag
 * @param {string} group "" for none
 * @param {TimeRange} range
 */
export function notesOn(tag, group, range) {
  const isAbout = (/** @type {Note} */ note) => {
    if (note.tag !== null) return note.tag === tag;
    return note.vessel ? note.tags.includes(tag) : [group, ""].includes(note.group);
  };
  return notesIn(range).filter(isAbout).reverse();
}

/**
 * Read the notes forever. Return a function that reads them soon; a read that is under way then is outdated.
 * @param {() => TimeRange} range returns the time that the charts show
 * @param {() => void} onNotes
 * @returns {(waitMs?: number) => void}
 */
export function followNotes(range, onNotes) {
  /** @type {number | undefined} */
  let timer;
  let newest = 0;
  const soon = (waitMs = AFTER_CHANGE_MS) => {
    newest += 1;
    clearTimeout(timer);
    timer = setTimeout(read, waitMs);
  };
  async function read() {
    const [own, shown] = [newest, range()];
    const page = document.hidden ? null : await pageOf(shown);
    if (own !== newest) return; // the next read is on its way or planned
    if (page) {
      storeNotes(page.body, shown, page.next !== null);
      onNotes();
    }
    soon(EVERY_MS);
  }
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  soon(0);
  return soon;
}

/**
 * Return the server's answer for a range; null if the request failed: the next attempt follows.
 * @param {TimeRange} range
 */
async function pageOf({ from, to }) {
  const [start, end] = [from, to].map((ms) => new Date(ms).toISOString());
  try {
    return await get(settings.urls.notes, { parameters: { from: start, to: end, limit: MOST_READ } });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return null;
  }
}
