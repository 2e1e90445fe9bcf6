// Where data arrives. Today by asking again and again; whatever replaces that keeps startFeed's shape.
import { serverNow, setServerTime } from "./clock.js";
import { get, RequestFailed } from "./request.js";
import { LIVE_MS, settings } from "./settings.js";

const READINGS_EVERY_MS = 1000;
const SUMMARY_EVERY_MS = 5000;
const HIDDEN_EVERY_MS = 15000;
const OVERLAP_MS = 30000; // late readings change flags of those after them
const REREAD_EVERY_MS = 60000; // and a logger that was cut off sends what it kept, older than any overlap
const PAGE = 10000;
const WINDOW_TIMEOUT_MS = 10000; // a page of a window is larger than what is new
const MAX_PAGES = 4; // a window of more measurements is shown by its newest
const { urls } = settings;

/** A pause that can be cut short. */
function makePause() {
  let end = () => {};
  const pause = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      end = () => (clearTimeout(timer), resolve());
    });
  return [pause, () => end()];
}

/**
 * Starts to read and never stops. The handlers: onReadings(items), onAnomalies(items, newest: boolean),
 * onSummary({stats, health}), onContact("ok" or a RequestFailed's kind).
 * `tagNames()` gives those to load, most wanted first.
 */
export function startFeed({ tagNames, onReadings, onAnomalies, onSummary, onContact }) {
  let incomplete = true; // the window has to be read as a whole
  let newest = 0;
  let readAll = 0;
  const [pauseReadings, readNow] = makePause();
  const [pauseSummary, summaryNow] = makePause();

  function deliver(items) {
    for (const item of items) newest = Math.max(newest, Date.parse(item.timestamp));
    if (items.length) onReadings(items);
  }

  async function readWindow() {
    const from = new Date(serverNow() - LIVE_MS).toISOString();
    for (const tag of tagNames()) {
      let url = urls.data;
      let parameters = { tag, from, limit: PAGE };
      for (let page = 0; url && page < MAX_PAGES; page++) {
        const { body, next } = await get(url, { parameters, timeoutMs: WINDOW_TIMEOUT_MS });
        deliver(body);
        [url, parameters] = [next, {}];
      }
    }
    const { body } = await get(urls.anomalies, { parameters: { from, limit: PAGE }, timeoutMs: WINDOW_TIMEOUT_MS });
    onAnomalies(body, false);
    readAll = Date.now();
  }

  async function readNew() {
    // A source whose clock is ahead must not hide what the others send.
    const from = new Date(Math.min(newest, serverNow()) - OVERLAP_MS).toISOString();
    const { body, next } = await get(urls.data, { parameters: { order: "asc", from, limit: PAGE } });
    deliver(body);
    if (next) incomplete = true;
  }

  async function readings() {
    if (incomplete || Date.now() - readAll > REREAD_EVERY_MS) {
      incomplete = false;
      await readWindow();
    } else if (newest) {
      await readNew();
    } else {
      const { body } = await get(urls.data, { parameters: { limit: PAGE } });
      deliver(body);
    }
    onContact("ok");
  }

  async function summary() {
    const sent = Date.now();
    const [health, stats, anomalies] = await Promise.allSettled([
      get(urls.health, { accept: [503] }),
      get(urls.stats),
      get(urls.anomalies, { parameters: { limit: 100 } }),
    ]);
    if (health.value) setServerTime(health.value.body.timestamp, sent);
    if (anomalies.value) onAnomalies(anomalies.value.body, true);
    onSummary({ health: health.value?.body, stats: stats.value?.body });
  }

  async function forever(task, pause, everyMs) {
    for (;;) {
      try {
        await task();
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        incomplete = true; // what was missed meanwhile may be older than the overlap
        onContact(error.kind);
      }
      await pause(document.hidden ? HIDDEN_EVERY_MS : everyMs);
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    incomplete ||= Date.now() - readAll > REREAD_EVERY_MS;
    readNow();
    summaryNow();
  });
  forever(readings, pauseReadings, READINGS_EVERY_MS);
  forever(summary, pauseSummary, SUMMARY_EVERY_MS);
  return {
    /** Does not wait for the next summary: something happened. */
    summaryNow,
  };
}
