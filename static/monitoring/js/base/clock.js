// The server's time. The viewer's clock may be minutes off, and would make fresh readings look stale.
import { settings } from "./settings.js";

const TOLERANCE_MS = 1500;
let offset = Date.parse(settings.now) - Date.now();

export const serverNow = () => Date.now() + offset;

/** Takes the time that an answer carried; the request took from `sent` until now. */
export function setServerTime(time, sent) {
  const found = Date.parse(time) - (sent + Date.now()) / 2;
  // Small differences are the network's, not the clock's: following them would make charts tremble.
  if (Math.abs(found - offset) > TOLERANCE_MS) offset = found;
}
