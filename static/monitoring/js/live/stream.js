// Measurements as they are stored, and events as they begin and end: /stream, read as server-sent events.
// EventSource would not do: it hides status, Retry-After and heartbeats, and thus the difference between a full server
// and a broken one, and between a quiet stream and a dead one.
import { EventLines } from "./event-lines.js";
import { failureOf, RequestFailed } from "../base/request.js";

/**
 * @typedef {import("../base/settings.js").Measurement} Measurement
 * @typedef {import("./events.js").EventItem} EventItem
 * @typedef {import("./event-lines.js").SentEvent} SentEvent
 *
 * Follow the stream of `tags` (null: all tags), after the measurement with the id `since`, until the stream ends or
 * `signal` aborts it. onMeasurements is called whenever something arrives, be it a heartbeat without measurements, with
 * the id to continue from; onEvents only with events; onAlarms when alarms have changed.
 * @typedef {{since: number | null, tags: string[] | null, signal: AbortSignal, onOpen: () => void,
 *   onMeasurements: (items: Measurement[], lastId: number | null) => void,
 *   onEvents: (items: EventItem[]) => void, onAlarms: () => void}} StreamOptions
 */

const OPENS_WITHIN_MS = 10000; // a proxy that buffers the whole response never opens the stream
const SILENT_MS = 40000; // the server sends something every 15 s
const LOOK_EVERY_MS = 2000;
const RETRY_MS = 2000;

/**
 * Follow the stream. Return the pause before the next attempt, in ms. Throws RequestFailed if the stream is not
 * available or falls silent.
 * @param {string} url
 * @param {StreamOptions} options
 */
export async function follow(url, { since, tags, signal, onOpen, onMeasurements, onEvents, onAlarms }) {
  const address = new URL(url, location.href);
  address.searchParams.set("since", String(since));
  for (const tag of tags ?? []) address.searchParams.append("tag", tag);
  const silence = watchSilence(signal);
  const lines = new EventLines();
  try {
    const reader = await open(address, silence.signal);
    for (let isFirst = true; ; isFirst = false) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: "" }));
      if (done) break;
      silence.end(SILENT_MS);
      if (isFirst) onOpen();
      const sent = lines.parse(value ?? "");
      onMeasurements(itemsOf(sent, "measurement"), lines.lastId);
      const events = itemsOf(sent, "event");
      if (events.length) onEvents(events);
      if (sent.some(({ event }) => event === "alarm" || event === "alarms")) onAlarms();
    }
    if (silence.isTooLong) throw new RequestFailed("offline");
    return lines.retryMs ?? RETRY_MS;
  } finally {
    silence.stop();
  }
}

/**
 * Return a reader of the response's text.
 * @param {URL} address
 * @param {AbortSignal} signal
 */
async function open(address, signal) {
  /** @type {RequestInit} */
  const options = { headers: { Accept: "text/event-stream" }, cache: "no-store", signal };
  const response = await fetch(address, options).catch(() => {
    throw new RequestFailed("offline");
  });
  if (!response.ok) throw failureOf(response);
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/event-stream") || !response.body) throw new RequestFailed("broken"); // a proxy's page
  return response.body.pipeThrough(new TextDecoderStream()).getReader();
}

/**
 * @param {SentEvent[]} sent
 * @param {"measurement" | "event"} kind
 */
function itemsOf(sent, kind) {
  try {
    return sent.filter(({ event }) => event === kind).map(({ data }) => JSON.parse(data ?? ""));
  } catch {
    throw new RequestFailed("broken");
  }
}

/**
 * Return a signal that is aborted with `outer`, or when nothing has arrived for too long by the clock.
 * @param {AbortSignal} outer
 */
export function watchSilence(outer) {
  const abort = new AbortController();
  let heardAt = Date.now();
  let mostMs = OPENS_WITHIN_MS;
  const watch = {
    signal: abort.signal,
    isTooLong: false,
    /**
     * Note that something has arrived; the next must arrive within `ms`.
     * @param {number} ms
     */
    end(ms) {
      heardAt = Date.now();
      mostMs = ms;
    },
    stop() {
      clearInterval(timer);
      abort.abort();
    },
  };
  // The clock, not a timer of 40 s: a computer that slept notices at once.
  const timer = setInterval(() => {
    watch.isTooLong = Date.now() - heardAt > mostMs;
    if (watch.isTooLong) abort.abort();
  }, LOOK_EVERY_MS);
  outer.addEventListener("abort", () => abort.abort(), { once: true });
  return watch;
}
