// New measurements by polling: where the stream is not available, and between two streams.
import { serverNow } from "../base/clock.js";
import { get } from "../base/request.js";
import { settings } from "../base/settings.js";

/**
 * Measurements; `isAll`: whether the response has all that were asked for.
 * @typedef {{items: import("../base/settings.js").Measurement[], isAll: boolean}} PolledMeasurements
 */

const OVERLAP_MS = 30000; // late readings change flags of those after them
const PAGE = 10000;
const AT_ONCE = 6; // as many connections as a browser opens to one server
const { urls } = settings;

/**
 * Read the measurements of some tags since the newest known one.
 * @param {string[]} tags
 * @param {number | null} newest epoch milliseconds, null if no measurement is known
 * @returns {Promise<PolledMeasurements>}
 */
export async function readNewOf(tags, newest) {
  const from = new Date(Math.min(newest ?? Infinity, serverNow()) - OVERLAP_MS).toISOString();
  const answers = [];
  for (let i = 0; i < tags.length; i += AT_ONCE) {
    const some = tags.slice(i, i + AT_ONCE);
    answers.push(...(await Promise.all(some.map((tag) => get(urls.data, { parameters: { tag, from, limit: PAGE } })))));
  }
  if (!tags.length) await get(urls.data, { parameters: { limit: 1 } }); // tests whether the server responds
  return { items: answers.flatMap(({ body }) => body), isAll: answers.every(({ next }) => next === null) };
}

/**
 * Read the measurements of all tags since the newest known one.
 * @param {number | null} newest epoch milliseconds, null if no measurement is known
 * @returns {Promise<PolledMeasurements>}
 */
export async function readNew(newest) {
  if (newest === null) {
    const { body } = await get(urls.data, { parameters: { limit: PAGE } });
    return { items: body, isAll: true };
  }
  // A source with a clock that is ahead must not hide the readings of the others.
  const from = new Date(Math.min(newest, serverNow()) - OVERLAP_MS).toISOString();
  const { body, next } = await get(urls.data, { parameters: { order: "asc", from, limit: PAGE } });
  return { items: body, isAll: next === null };
}
