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
const MOST = 500;
/** @type {Note[]} newest first */
let known = [];

/**
 * Store the notes that the server sent, newest first.
 * @param {import("../app/note-dialog.js").NoteItem[]} items
 */
export function storeNotes(items) {
  known = items.map((item) => ({
    ...item,
    start: Date.parse(item.start),
    end: item.end ? Date.parse(item.end) : null,
  }));
}

/**
 * Return the notes that touch a range, newest first.
 * @param {TimeRange} range
 */
export const notesIn = ({ from, to }) => known.filter(({ start, end }) => start <= to && (end ?? start) >= from);

/**
 * Return the notes in a range on a tag, on its group and on the whole plant, oldest first.
 * @param {string} tag
 * @param {string} group "" for none
 * @param {TimeRange} range
 */
export function notesOn(tag, group, range) {
  const isAbout = (/** @type {Note} */ note) =>
    note.tag === tag || (note.tag === null && [group, ""].includes(note.group));
  return notesIn(range).filter(isAbout).reverse();
}

/**
 * Read the notes forever. Return a function that reads them soon.
 * @param {() => TimeRange} range returns the time that the charts show
 * @param {() => void} onNotes
 * @returns {(waitMs?: number) => void}
 */
export function followNotes(range, onNotes) {
  /** @type {number | undefined} */
  let timer;
  const soon = (waitMs = AFTER_CHANGE_MS) => {
    clearTimeout(timer);
    timer = setTimeout(read, waitMs);
  };
  async function read() {
    if (!document.hidden && (await readInto(range()))) onNotes();
    soon(EVERY_MS);
  }
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  soon(0);
  return soon;
}

/**
 * Read the notes of a range; return whether that was possible.
 * @param {TimeRange} range
 */
async function readInto({ from, to }) {
  const [start, end] = [from, to].map((ms) => new Date(ms).toISOString());
  try {
    const { body } = await get(settings.urls.notes, {
      parameters: { from: start, to: end, limit: MOST },
    });
    storeNotes(body);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return false; // the next attempt follows
  }
}
