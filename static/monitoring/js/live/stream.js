// Measurements as they are stored, and events as they begin and end: /stream, read as server-sent events.
// Not by EventSource, which keeps status, Retry-After and heartbeats to itself: then nobody could tell
// a full server from a broken one, nor a quiet stream from a dead one.
import { EventLines } from "./event-lines.js";
import { refusal, RequestFailed } from "../base/request.js";

const OPENS_WITHIN_MS = 10000; // a proxy that collects an answer before it hands it on never opens it
const SILENT_MS = 40000; // the server is heard each 15 s
const LOOK_EVERY_MS = 2000;
const RETRY_MS = 2000;

/**
 * Follows the stream of `tags` (null: of all), from behind the measurement with the id `since`, until it is cut or `signal` ends it.
 * Then: how long to wait before following again, in ms. The handlers: onOpen(), onMeasurements(items)
 * whenever something is heard, be it a sign of life without any, with the id to begin again from, and onEvents(items) when there are some.
 * Throws RequestFailed if the stream can't be had or falls silent.
 */
export async function follow(url, { since, tags, signal, onOpen, onMeasurements, onEvents }) {
  const address = new URL(url, location.href);
  address.searchParams.set("since", since);
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
      const told = lines.take(value);
      onMeasurements(itemsOf(told, "measurement"), lines.lastId);
      const events = itemsOf(told, "event");
      if (events.length) onEvents(events);
    }
    if (silence.isTooLong) throw new RequestFailed("offline");
    return lines.retryMs ?? RETRY_MS;
  } finally {
    silence.stop();
  }
}

/** A reader of the answer's text. */
async function open(address, signal) {
  /** @type {RequestInit} */
  const options = { headers: { Accept: "text/event-stream" }, cache: "no-store", signal };
  const response = await fetch(address, options).catch(() => {
    throw new RequestFailed("offline");
  });
  if (!response.ok) throw refusal(response);
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/event-stream")) throw new RequestFailed("broken"); // a page of some proxy
  return response.body.pipeThrough(new TextDecoderStream()).getReader();
}

function itemsOf(told, kind) {
  try {
    return told.filter(({ event }) => event === kind).map(({ data }) => JSON.parse(data));
  } catch {
    throw new RequestFailed("broken");
  }
}

/** A signal that is aborted with `outer`, or when nothing was heard for too long by the clock. */
function watchSilence(outer) {
  const abort = new AbortController();
  let heardAt = Date.now();
  let mostMs = OPENS_WITHIN_MS;
  const watch = {
    signal: abort.signal,
    isTooLong: false,
    /** Something was heard; within `ms` something has to be heard again. */
    end(ms) {
      heardAt = Date.now();
      mostMs = ms;
    },
    stop() {
      clearInterval(timer);
      abort.abort();
    },
  };
  // The clock, not a timer of 40 s: a computer that slept finds out at once.
  const timer = setInterval(() => {
    watch.isTooLong = Date.now() - heardAt > mostMs;
    if (watch.isTooLong) abort.abort();
  }, LOOK_EVERY_MS);
  outer.addEventListener("abort", () => abort.abort(), { once: true });
  return watch;
}
