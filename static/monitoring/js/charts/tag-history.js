// What was stored of one tag: asked for in chunks, kept for a while, and asked for again when it may have changed.
import { BucketLayer } from "./bucket-layer.js";
import { chunkAround } from "./chunk.js";
import { serverNow } from "../base/clock.js";
import { eventOf } from "../live/events.js";
import { remember } from "../live/findings.js";
import { RawLayer } from "./raw-layer.js";
import { get, RequestFailed } from "../base/request.js";
import { Series } from "../live/series.js";
import { settings } from "../base/settings.js";

const PAUSE_MS = 150; // who turns a wheel wants what is there when it stops
const KEPT = 6; // chunks a tag
const MOST_ROWS = 5000; // of single measurements; more are shown in intervals
const MOST_EVENTS = 2000;
const FRESH_MS = { least: 2000, most: 60000 };
const SINGLE_MS = 30000; // taken for the interval of single measurements: those of now come by the feed
const AGAIN_MS = 3000; // after a failure
const SLOW_MS = 700;
const TIMEOUT_MS = 20000;
const RAW_CHUNK_MS = 4 * settings.rawMs;
const { urls } = settings;

export class TagHistory {
  kept = new Map(); // by the chunk's key, the one used longest ago first
  wanted = null;
  failed = false;
  notBefore = 0;
  /** @type {import("../base/settings.js").Tag} */
  tag;
  /** @type {() => void} */
  onArrival;

  /** `onArrival()` is called when there is something new to show. */
  constructor(tag, onArrival) {
    Object.assign(this, { tag, onArrival });
  }

  /** Whether something is on its way. */
  get isLoading() {
    return this.wanted !== null;
  }

  /** Whether it has been for so long that somebody wonders. */
  get isSlow() {
    return this.isLoading && performance.now() - this.wanted.since > SLOW_MS;
  }

  /**
   * What the range needs, null if it is not there yet: it follows. `points`: how many intervals the chart
   * has room for; `aheadMs`: as in chunkAround; `isUrgent`: nothing else can be shown meanwhile.
   */
  layerFor(range, { points, aheadMs, isUrgent }) {
    const chunk = chunkAround(range, points, aheadMs);
    const isShort = range.to - range.from <= settings.rawMs && chunk.to - chunk.from <= RAW_CHUNK_MS;
    // Before that, single measurements were deleted.
    chunk.isRaw = isShort && !(chunk.from < Date.parse(this.tag.rawFrom));
    const key = `${chunk.from} ${chunk.to} ${chunk.points} ${chunk.isRaw}`;
    const found = this.kept.get(key);
    if (found) this.use(key, found);
    if (!found || performance.now() > found.freshUntil) this.want(key, chunk, found || isUrgent ? 0 : PAUSE_MS);
    else this.leave();
    return found?.layer ?? null;
  }

  /** Makes it the last of the chunks to be forgotten. */
  use(key, found) {
    this.kept.delete(key);
    this.kept.set(key, found);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT) this.kept.delete(oldest);
  }

  want(key, chunk, pauseMs) {
    if (this.wanted?.key === key || performance.now() < this.notBefore) return;
    this.leave();
    const abort = new AbortController();
    const timer = setTimeout(() => this.load(key, chunk, abort.signal), pauseMs);
    this.wanted = { key, abort, timer, since: performance.now() };
  }

  /** Nothing is needed of what is on its way. */
  leave() {
    clearTimeout(this.wanted?.timer);
    this.wanted?.abort.abort();
    this.wanted = null;
  }

  async load(key, chunk, signal) {
    try {
      const layer = await read(this.tag, chunk, signal);
      if (signal.aborted) return;
      this.use(key, { layer, freshUntil: performance.now() + freshMs(chunk, layer) });
      this.failed = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RequestFailed)) throw error;
      this.failed = true;
      this.notBefore = performance.now() + AGAIN_MS;
    }
    this.wanted = null;
    this.onArrival();
  }
}

/** How long nothing is likely to have changed: where readings still arrive, half an interval. */
function freshMs(chunk, { stepMs = SINGLE_MS }) {
  if (chunk.to <= serverNow()) return FRESH_MS.most;
  return Math.min(FRESH_MS.most, Math.max(FRESH_MS.least, stepMs / 2));
}

/** The chunk as a layer, with the events of its time: single measurements if asked for and not too many, else intervals. */
async function read(tag, chunk, signal) {
  const [layer, events] = await Promise.all([readLayer(tag, chunk, signal), readEvents(tag, chunk, signal)]);
  return Object.assign(layer, { events });
}

async function readEvents(tag, chunk, signal) {
  const parameters = { tag: tag.name, from: isoText(chunk.from), to: isoText(chunk.to), limit: MOST_EVENTS };
  const { body } = await get(urls.events, { parameters, timeoutMs: TIMEOUT_MS, signal });
  return body.map((item) => eventOf(item));
}

async function readLayer(tag, chunk, signal) {
  const bounds = { tag: tag.name, from: isoText(chunk.from), to: isoText(chunk.to) };
  const options = { timeoutMs: TIMEOUT_MS, signal };
  if (chunk.isRaw) {
    const rows = { ...bounds, order: "asc", limit: MOST_ROWS };
    const { body, next } = await get(urls.data, { parameters: rows, ...options });
    if (!next) {
      if (body.some((item) => item.is_anomaly))
        remember((await get(urls.anomalies, { parameters: rows, ...options })).body);
      const series = new Series();
      series.merge(body);
      return new RawLayer(series.points, chunk);
    }
  }
  const { body } = await get(urls.trend, { parameters: { ...bounds, points: chunk.points }, ...options });
  return new BucketLayer(tag, body, chunk);
}

const isoText = (ms) => new Date(ms).toISOString();
