// The server's time. The viewer's clock may be minutes off, and would make fresh readings look stale.
import { settings } from "./settings.js";

const TOLERANCE_MS = 1500;
let offset = Date.parse(settings.now) - Date.now();

/** Return the server's time in epoch milliseconds. */
export const serverNow = () => Date.now() + offset;

/**
 * Correct the offset by the time in a response to a request that was sent at `sent` and has just ended.
 * @param {string} time ISO 8601
 * @param {number} sent epoch milliseconds by the viewer's clock
 */
export function setServerTime(time, sent) {
  const found = Date.parse(time) - (sent + Date.now()) / 2;
  // Small differences come from the network: following them would make charts tremble.
  if (Math.abs(found - offset) > TOLERANCE_MS) offset = found;
}
