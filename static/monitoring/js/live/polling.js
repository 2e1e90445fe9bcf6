// What is new, by asking: where the stream can't be had, and between two of them.
import { serverNow } from "../base/clock.js";
import { get } from "../base/request.js";
import { settings } from "../base/settings.js";

const OVERLAP_MS = 30000; // late readings change flags of those after them
const PAGE = 10000;
const AT_ONCE = 6; // as many as a browser sends to one server
const { urls } = settings;

/** As readNew, but of these tags alone. */
export async function readNewOf(tags, newest) {
  const from = new Date(Math.min(newest ?? Infinity, serverNow()) - OVERLAP_MS).toISOString();
  const answers = [];
  for (let i = 0; i < tags.length; i += AT_ONCE) {
    const some = tags.slice(i, i + AT_ONCE);
    answers.push(...(await Promise.all(some.map((tag) => get(urls.data, { parameters: { tag, from, limit: PAGE } })))));
  }
  if (!tags.length) await get(urls.data, { parameters: { limit: 1 } }); // whether anybody answers
  return { items: answers.flatMap(({ body }) => body), isAll: answers.every(({ next }) => next === null) };
}

/** Reads what came since the newest that is known; `newest` in epoch milliseconds, null if nothing is. */
export async function readNew(newest) {
  if (newest === null) {
    const { body } = await get(urls.data, { parameters: { limit: PAGE } });
    return { items: body, isAll: true };
  }
  // A source whose clock is ahead must not hide what the others send.
  const from = new Date(Math.min(newest, serverNow()) - OVERLAP_MS).toISOString();
  const { body, next } = await get(urls.data, { parameters: { order: "asc", from, limit: PAGE } });
  return { items: body, isAll: next === null };
}
