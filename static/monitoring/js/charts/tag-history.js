// The stored measurements of one tag: loaded in chunks, cached, and loaded again when they may have changed.
import { BucketLayer } from "./bucket-layer.js";
import { chunkAround } from "./chunk.js";
import { serverNow } from "../base/clock.js";
import { eventOf } from "../live/events.js";
import { storeViolations } from "../live/rule-violations.js";
import { heldMs, isHeld } from "../base/kinds.js";
import { RawLayer } from "./raw-layer.js";
import { get, RequestFailed } from "../base/request.js";
import { Series } from "../live/series.js";
import { settings } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("./raw-layer.js").Layer} Layer
 *
 * A chunk; `isRaw`: single measurements are wanted.
 * @typedef {import("./chunk.js").Chunk & {isRaw: boolean}} WantedChunk
 *
 * A layer, and until when it is likely to be current, by performance.now().
 * @typedef {{layer: Layer, freshUntil: number}} CachedLayer
 */

const PAUSE_MS = 150; // a wheel that turns passes many ranges: only the last one is loaded
const CACHED = 6; // chunks a tag
const MOST_ROWS = 5000; // of single measurements; more are shown in intervals
const MOST_EVENTS = 2000;
const FRESH_MS = { least: 2000, most: 60000 };
const SINGLE_MS = 30000; // counts as the interval of single measurements: the newest come by the feed
const AGAIN_MS = 3000; // after a failure
const SLOW_MS = 700;
const TIMEOUT_MS = 20000;
const RAW_CHUNK_MS = 4 * settings.rawMs;
const { urls } = settings;

export class TagHistory {
  /** @type {Map<string, CachedLayer>} by the chunk's key, the one used longest ago first */
  cached = new Map();
  /** @type {{key: string, abort: AbortController, timer: number, since: number} | null} the chunk that is loading */
  wanted = null;
  failed = false;
  notBefore = 0;

  /**
   * @param {Tag} tag
   * @param {() => void} onArrival called when there is something new to show
   */
  constructor(tag, onArrival) {
    this.tag = tag;
    this.onArrival = onArrival;
  }

  /** Whether a chunk is loading. */
  get isLoading() {
    return this.wanted !== null;
  }

  /** Whether a chunk has been loading for so long that the viewer should know. */
  get isSlow() {
    return this.wanted !== null && performance.now() - this.wanted.since > SLOW_MS;
  }

  /**
   * Return the layer for a range; null if the layer is not loaded yet: it will be.
   * @param {import("../base/settings.js").TimeRange} range
   * @param {{points: number, aheadMs: number, isUrgent: boolean}} needs `points`: number of intervals that the chart
   *   has room for; `aheadMs` as in chunkAround; `isUrgent`: there is nothing else to show
   */
  layerFor(range, { points, aheadMs, isUrgent }) {
    const chunk = chunkAround(range, points, aheadMs);
    const isShort = range.to - range.from <= settings.rawMs && chunk.to - chunk.from <= RAW_CHUNK_MS;
    const { rawFrom } = this.tag; // earlier single measurements were deleted
    const isRaw = isShort && !(rawFrom && chunk.from < Date.parse(rawFrom));
    const key = `${chunk.from} ${chunk.to} ${chunk.points} ${isRaw}`;
    const found = this.cached.get(key);
    if (found) this.cache(key, found);
    if (!found || performance.now() > found.freshUntil)
      this.want(key, { ...chunk, isRaw }, found || isUrgent ? 0 : PAUSE_MS);
    else this.cancel();
    return found?.layer ?? null;
  }

  /**
   * Store a layer as the one used last, and drop the one used longest ago if there are too many.
   * @param {string} key
   * @param {CachedLayer} found
   */
  cache(key, found) {
    this.cached.delete(key);
    this.cached.set(key, found);
    const [oldest] = this.cached.keys();
    if (this.cached.size > CACHED) this.cached.delete(oldest);
  }

  /**
   * Load a chunk after a pause, instead of another that may be loading.
   * @param {string} key
   * @param {WantedChunk} chunk
   * @param {number} pauseMs
   */
  want(key, chunk, pauseMs) {
    if (this.wanted?.key === key || performance.now() < this.notBefore) return;
    this.cancel();
    const abort = new AbortController();
    const timer = setTimeout(() => this.load(key, chunk, abort.signal), pauseMs);
    this.wanted = { key, abort, timer, since: performance.now() };
  }

  /** Cancel the load in progress. */
  cancel() {
    clearTimeout(this.wanted?.timer);
    this.wanted?.abort.abort();
    this.wanted = null;
  }

  /**
   * @param {string} key
   * @param {WantedChunk} chunk
   * @param {AbortSignal} signal
   */
  async load(key, chunk, signal) {
    try {
      const layer = await read(this.tag, chunk, signal);
      if (signal.aborted) return;
      this.cache(key, { layer, freshUntil: performance.now() + freshMs(chunk, layer) });
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

/**
 * Return how long a layer is likely to be current: half an interval where readings still arrive.
 * @param {WantedChunk} chunk
 * @param {Layer} layer
 */
function freshMs(chunk, { stepMs = SINGLE_MS }) {
  if (chunk.to <= serverNow()) return FRESH_MS.most;
  return Math.min(FRESH_MS.most, Math.max(FRESH_MS.least, stepMs / 2));
}

/**
 * By how many seconds a chunk may be behind: as long as it would be kept at least.
 * @param {WantedChunk} chunk
 */
function staleS({ to }) {
  return (to <= serverNow() ? FRESH_MS.most : FRESH_MS.least) / 1000;
}

/**
 * Read a chunk with the events of its time. Throws RequestFailed.
 * @param {Tag} tag
 * @param {WantedChunk} chunk
 * @param {AbortSignal} signal
 */
async function read(tag, chunk, signal) {
  const [layer, events] = await Promise.all([readLayer(tag, chunk, signal), readEvents(tag, chunk, signal)]);
  return Object.assign(layer, { events });
}

/**
 * @param {Tag} tag
 * @param {WantedChunk} chunk
 * @param {AbortSignal} signal
 */
async function readEvents(tag, chunk, signal) {
  const parameters = { tag: tag.name, from: isoText(chunk.from), to: isoText(chunk.to), limit: MOST_EVENTS };
  /** @type {{body: import("../live/events.js").EventItem[]}} */
  const { body } = await get(urls.events, { parameters, timeoutMs: TIMEOUT_MS, signal });
  return body.map((item) => eventOf(item));
}

/**
 * Read single measurements if they are wanted and not too many, otherwise intervals.
 * @param {Tag} tag
 * @param {WantedChunk} chunk
 * @param {AbortSignal} signal
 * @returns {Promise<Layer>}
 */
async function readLayer(tag, chunk, signal) {
  const bounds = { tag: tag.name, from: isoText(chunk.from), to: isoText(chunk.to) };
  const options = { timeoutMs: TIMEOUT_MS, signal, staleS: staleS(chunk) };
  if (chunk.isRaw) {
    const rows = { ...bounds, order: "asc", limit: MOST_ROWS };
    /** @type {{body: import("../base/settings.js").Measurement[], next: string | null}} */
    const { body, next } = await get(urls.data, { parameters: rows, ...options });
    if (!next) {
      if (body.some((item) => item.is_anomaly))
        storeViolations((await get(urls.anomalies, { parameters: rows, ...options })).body);
      const series = new Series();
      series.merge(body);
      if (isHeld(tag)) series.merge(await readNeighbours(tag, chunk, signal));
      return new RawLayer(series.points, chunk, heldMs(tag));
    }
  }
  const { body } = await get(urls.trend, { parameters: { ...bounds, points: chunk.points }, ...options });
  return new BucketLayer(tag, body, chunk);
}

/**
 * Read the last measurement before a chunk, whose value may hold in it, and the first one after, which says until when.
 * @param {Tag} tag
 * @param {WantedChunk} chunk
 * @param {AbortSignal} signal
 * @returns {Promise<import("../base/settings.js").Measurement[]>}
 */
async function readNeighbours(tag, { from, to }, signal) {
  /** @type {Record<string, string>[]} */
  const sides = [{ to: isoText(from) }, { from: isoText(to), order: "asc" }];
  const answers = await Promise.all(
    sides.map((side) =>
      get(urls.data, { parameters: { tag: tag.name, limit: 1, ...side }, timeoutMs: TIMEOUT_MS, signal }),
    ),
  );
  return answers.flatMap(({ body }) => body);
}

/** @param {number} ms */
const isoText = (ms) => new Date(ms).toISOString();
