// Where a tag's nearest measurements are, when a range has none.
import { get, RequestFailed } from "../base/request.js";
import { settings } from "../base/settings.js";

/**
 * The last measurement before a range and the first one after it, in epoch milliseconds; null if there is none.
 * @typedef {{before: number | null, after: number | null}} Nearest
 */

const AGAIN_MS = 10000; // data may arrive late, and a request may fail
const TIMEOUT_MS = 20000;
const { urls } = settings;

export class NearestData {
  /** @type {Nearest | null} of the range that was asked for last; null while unknown */
  found = null;
  key = "";
  askedAt = -Infinity;

  /**
   * @param {import("../base/settings.js").Tag} tag
   * @param {() => void} onArrival called when the answer is there
   */
  constructor(tag, onArrival) {
    this.tag = tag;
    this.onArrival = onArrival;
  }

  /**
   * Return the nearest measurements; null while they are not known: they will be.
   * @param {import("../base/settings.js").TimeRange} range
   * @param {boolean} isLive whether the range moves with the time: nothing is after it
   * @returns {Nearest | null}
   */
  around({ from, to }, isLive) {
    const key = isLive ? `live ${to - from}` : `${from} ${to}`;
    const isOld = performance.now() - this.askedAt > AGAIN_MS;
    if (key !== this.key) this.found = null;
    if (key !== this.key || isOld) this.ask(key, { from, to }, isLive);
    return this.found;
  }

  /** @type {(key: string, range: import("../base/settings.js").TimeRange, isLive: boolean) => Promise<void>} */
  async ask(key, { from, to }, isLive) {
    this.key = key;
    this.askedAt = performance.now();
    try {
      const [before, after] = await Promise.all([this.before(from), isLive ? null : this.after(to)]);
      if (this.key !== key) return;
      this.found = { before, after };
      this.onArrival();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error; // the next attempt follows
    }
  }

  /**
   * Return the time of the last measurement before a moment: of a single one, or of the intervals that are left of
   * deleted ones.
   * @param {number} moment epoch milliseconds
   */
  async before(moment) {
    const single = await this.first({ to: isoText(moment) });
    if (single !== null || !this.tag.rawFrom) return single;
    const parameters = { tag: this.tag.name, to: isoText(moment), points: 1000 };
    /** @type {{body: import("../charts/bucket-layer.js").Trend}} */
    const { body } = await get(urls.trend, { parameters, timeoutMs: TIMEOUT_MS });
    return body.max_t.at(-1) ?? null;
  }

  /** @param {number} moment epoch milliseconds */
  after(moment) {
    return this.first({ from: isoText(moment), order: "asc" });
  }

  /**
   * @param {Record<string, string>} bounds
   * @returns {Promise<number | null>}
   */
  async first(bounds) {
    const parameters = { tag: this.tag.name, limit: 1, ...bounds };
    /** @type {{body: import("../base/settings.js").Measurement[]}} */
    const { body } = await get(urls.data, { parameters, timeoutMs: TIMEOUT_MS });
    return body.length ? Date.parse(body[0].timestamp) : null;
  }
}

/** @param {number} ms */
const isoText = (ms) => new Date(ms).toISOString();
