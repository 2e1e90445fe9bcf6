// What is new, by asking: where the stream can't be had, and between two of them.
import { serverNow } from "./clock.js";
import { get } from "./request.js";
import { settings } from "./settings.js";

const OVERLAP_MS = 30000; // late readings change flags of those after them
const PAGE = 10000;
const { urls } = settings;

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
