// One stream for all windows of a browser: over HTTP/1.1 a browser opens six connections to a server, and each stream
// takes one. One window leads: it follows the stream, and passes on what arrives. When it leaves, another one leads.
import { RequestFailed } from "../base/request.js";
import { follow, watchSilence } from "./stream.js";

/**
 * @typedef {import("./stream.js").StreamOptions} StreamOptions
 * @typedef {import("../base/settings.js").Measurement} Measurement
 *
 * A message between windows. join: a window asks for a leader; welcome: the leader's answer with the measurements that
 * the window lacks, null if the leader no longer has them; sent: something has arrived; end: the leader's stream ended.
 * @typedef {{kind: "join", from: string, since: number | null}
 *   | {kind: "welcome", from: string, to: string, items: Measurement[] | null, lastId: number | null}
 *   | {kind: "sent", from: string, items: Measurement[], lastId: number | null,
 *      events: import("./events.js").EventItem[], hasAlarms: boolean}
 *   | {kind: "end", from: string, retryMs: number, failure: {kind: import("../base/request.js").FailureKind,
 *      retryAfterMs: number | null} | null}} WindowMessage
 */

const WELCOME_MS = 300;
const SILENT_MS = 40000; // as the stream itself
const KEPT = 5000; // measurements, for windows that join later
const SPREAD_MS = 200; // so that not all windows want to lead at the same time
const LEADER_KEY = "fermon-stream-leader"; // set while a window may lead: without one, nobody is asked

/**
 * Follow the stream as `follow` does, by the connection of another window where one leads.
 * @param {string} url
 * @param {StreamOptions} options
 */
export async function followShared(url, options) {
  if (typeof BroadcastChannel === "undefined") return follow(url, options);
  const name = `fermon-stream ${(options.tags ?? []).join(" ")}`;
  const channel = new BroadcastChannel(name);
  const me = `${Date.now()} ${Math.random()}`;
  try {
    const led = mayBeLed() ? await beLed(channel, me, options) : null;
    return led ?? (await lead(channel, me, url, options));
  } finally {
    channel.close();
  }
}

/**
 * Follow the leader until its stream ends. Return the pause before the next attempt in ms; null if no window leads, or
 * the leader no longer has what this window lacks.
 * @param {BroadcastChannel} channel
 * @param {string} me
 * @param {StreamOptions} options
 * @returns {Promise<number | null>}
 */
function beLed(channel, me, { since, signal, onOpen, onMeasurements, onEvents, onAlarms }) {
  const silence = watchSilence(signal);
  /** @type {Promise<number | null>} */
  const led = new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), WELCOME_MS);
    let leader = "";
    let last = since ?? 0;
    /** @param {Measurement[]} items @param {number | null} lastId */
    const receive = (items, lastId) => {
      silence.end(SILENT_MS);
      const fresh = items.filter(({ id }) => id > last);
      last = Math.max(last, fresh.at(-1)?.id ?? 0);
      onMeasurements(fresh, lastId);
    };
    /** @param {WindowMessage & {kind: "welcome"}} welcome */
    const beWelcomed = ({ from, items, lastId }) => {
      clearTimeout(timer);
      if (!items) return resolve(null);
      leader = from;
      onOpen();
      receive(items, lastId);
    };
    /** @param {WindowMessage & {kind: "sent"}} sent */
    const beSent = ({ items, lastId, events, hasAlarms }) => {
      receive(items, lastId);
      if (events.length) onEvents(events);
      if (hasAlarms) onAlarms();
    };
    channel.onmessage = (/** @type {MessageEvent<WindowMessage>} */ { data }) => {
      if (data.kind === "welcome" && data.to === me && !leader) beWelcomed(data);
      if (data.from !== leader) return;
      if (data.kind === "sent") beSent(data);
      if (data.kind !== "end") return;
      if (data.failure) reject(new RequestFailed(data.failure.kind, data.failure.retryAfterMs));
      else resolve(data.retryMs + Math.random() * SPREAD_MS);
    };
    silence.signal.addEventListener("abort", () => resolve(Math.random() * SPREAD_MS), { once: true });
    post(channel, { kind: "join", from: me, since });
  });
  return led.finally(() => {
    channel.onmessage = null;
    silence.stop();
  });
}

/**
 * Follow the stream, and pass on what arrives to the windows that join.
 * @param {BroadcastChannel} channel
 * @param {string} me
 * @param {string} url
 * @param {StreamOptions} options
 */
async function lead(channel, me, url, options) {
  /** @type {Measurement[]} */
  let kept = [];
  let keptFrom = options.since ?? 0;
  let lastId = options.since;
  let isOpen = false;
  /** @type {WindowMessage & {kind: "end"}} */
  const end = { kind: "end", from: me, retryMs: 0, failure: null };
  const stepDown = new AbortController();
  const leave = () => {
    if (stepDown.signal.aborted) return;
    stepDown.abort();
    noteLeader(false);
    post(channel, end); // now: a page that is hidden may not get to the end of its stream
  };
  /** @type {WindowMessage & {kind: "sent"}} */
  let arrived = { kind: "sent", from: me, items: [], lastId, events: [], hasAlarms: false };
  const pass = () => {
    post(channel, arrived);
    arrived = { kind: "sent", from: me, items: [], lastId, events: [], hasAlarms: false };
  };
  channel.onmessage = (/** @type {MessageEvent<WindowMessage>} */ { data }) => {
    if (data.kind === "join" && isOpen) {
      const { from, since } = data;
      const items = (since ?? 0) >= keptFrom ? kept.filter(({ id }) => id > (since ?? 0)) : null;
      post(channel, { kind: "welcome", from: me, to: from, items, lastId });
    } else if (data.kind === "sent" && data.from < me) leave(); // two windows lead: the older one goes on
  };
  options.signal.addEventListener("abort", leave, { once: true });
  globalThis.addEventListener?.("pagehide", leave, { once: true });
  noteLeader(true);
  try {
    const retryMs = await follow(url, {
      ...options,
      signal: stepDown.signal,
      onOpen() {
        isOpen = true;
        options.onOpen();
      },
      onMeasurements(items, id) {
        lastId = items.at(-1)?.id ?? id ?? lastId;
        const all = kept.concat(items); // a piece may have more items than a call may have arguments
        if (all.length > KEPT) keptFrom = all[all.length - KEPT - 1].id;
        kept = all.slice(-KEPT);
        arrived = { ...arrived, items, lastId };
        queueMicrotask(pass); // with the events of the same piece
        options.onMeasurements(items, id);
      },
      onEvents(events) {
        arrived.events = events;
        options.onEvents(events);
      },
      onAlarms() {
        arrived.hasAlarms = true;
        options.onAlarms();
      },
    });
    end.retryMs = stepDown.signal.aborted ? 0 : retryMs;
    return end.retryMs;
  } catch (error) {
    if (error instanceof RequestFailed) end.failure = { kind: error.kind, retryAfterMs: error.retryAfterMs };
    throw error;
  } finally {
    globalThis.removeEventListener?.("pagehide", leave);
    leave();
  }
}

/** @param {BroadcastChannel} channel @param {WindowMessage} message */
function post(channel, message) {
  channel.postMessage(message);
}

function mayBeLed() {
  try {
    return localStorage.getItem(LEADER_KEY) !== null;
  } catch {
    return true; // the browser stores nothing for this page: ask
  }
}

/** @param {boolean} isLed */
function noteLeader(isLed) {
  try {
    if (isLed) localStorage.setItem(LEADER_KEY, "1");
    else localStorage.removeItem(LEADER_KEY);
  } catch {
    // As above.
  }
}
