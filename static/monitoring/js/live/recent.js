// The recent measurements of each tag, read as a whole: at the start, after a gap, and at intervals, since late
// readings change flags and a logger that was disconnected sends its backlog.
import { serverNow } from "../base/clock.js";
import { tagPage } from "../app/tag-page.js";
import { get, RequestFailed } from "../base/request.js";
import { LIVE_MS, settings } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").Anomaly} Anomaly
 * @typedef {import("../base/settings.js").Measurement} Measurement
 */

const AGAIN_AFTER_MS = 60000;
const PAGE = 10000;
const MAX_PAGES = 4; // a window with more measurements is shown by its newest
const TAGS_AT_ONCE = 5;
const TIMEOUT_MS = 10000; // a page of a window is larger than a poll
const { urls } = settings;

export class Recent {
  /** @type {Set<string>} tags without a gap */
  whole = new Set();
  /** @type {Map<string, number>} by tag, the time of the last request */
  readAt = new Map();
  /** @type {Set<string>} tags with a request in progress */
  busy = new Set();
  /** @type {string | null} since when anomalies lack their reasons; ISO 8601 */
  reasonsFrom = null;
  /** @type {Map<string, string>} the same by tag, where the page has a subset of the tags */
  reasonless = new Map();

  /**
   * @param {(items: Measurement[]) => void} onItems
   * @param {(anomalies: Anomaly[]) => void} onAnomalies
   */
  constructor(onItems, onAnomalies) {
    this.onItems = onItems;
    this.onAnomalies = onAnomalies;
  }

  /** Mark all windows as incomplete: measurements may have been missed. */
  forget() {
    this.whole = new Set();
  }

  /**
   * Return the tag to read next: incomplete ones first, those near the view before others. Only tags near the view are
   * read again. Null if no read is due.
   * @param {string[]} near
   * @param {string[]} tags
   */
  next(near, tags) {
    /** @param {string} tag */
    const isMissing = (tag) => !this.whole.has(tag) && !this.busy.has(tag);
    /** @param {string} tag */
    const isOld = (tag) => Date.now() - (this.readAt.get(tag) ?? NaN) > AGAIN_AFTER_MS && !this.busy.has(tag);
    return near.find(isMissing) ?? tags.find(isMissing) ?? near.find(isOld) ?? null;
  }

  /**
   * Read the tag's window, newest first. Throws RequestFailed.
   * @param {string} tag
   */
  async read(tag) {
    const { whole } = this; // forget() replaces the set, so that this read does not count afterwards
    const began = Date.now();
    const from = new Date(serverNow() - LIVE_MS).toISOString();
    this.busy.add(tag);
    try {
      await this.readPages({ tag, from, limit: PAGE });
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.kind !== "broken") throw error;
      // The tag is unreadable: it must not delay the others.
    } finally {
      this.busy.delete(tag);
    }
    this.readAt.set(tag, began);
    whole.add(tag);
  }

  /** @param {{tag: string, from: string, limit: number}} first parameters of the first page */
  async readPages(first) {
    /** @type {string | null} */
    let url = urls.data;
    /** @type {Record<string, string | number>} */
    let parameters = first;
    for (let page = 0; url && page < MAX_PAGES; page++) {
      /** @type {{body: Measurement[], next: string | null}} */
      const { body, next } = await get(url, { parameters, timeoutMs: TIMEOUT_MS });
      if (body.length) this.onItems(body);
      if (body.some((item) => item.is_anomaly)) this.noteMissingReasons(first.tag, first.from);
      [url, parameters] = [next, {}];
    }
  }

  /**
   * Note that the tag has anomalies without reasons since a time.
   * @param {string} tag
   * @param {string} from ISO 8601
   */
  noteMissingReasons(tag, from) {
    const known = this.reasonless.get(tag);
    if (!tagPage) this.reasonsFrom ??= from;
    else if (known === undefined || !(known < from)) this.reasonless.set(tag, from);
  }

  /** Read the missing reasons of a few of the page's tags: the reasons of all may be too many. Throws RequestFailed. */
  async readReasonsOfPart() {
    const some = [...this.reasonless].slice(0, TAGS_AT_ONCE);
    const answers = await Promise.all(
      some.map(([tag, from]) => get(urls.anomalies, { parameters: { tag, from, limit: PAGE }, timeoutMs: TIMEOUT_MS })),
    );
    for (const [tag] of some) this.reasonless.delete(tag);
    for (const { body } of answers) this.onAnomalies(body);
  }

  /** Read the missing reasons of all tags at once, if any are missing. Throws RequestFailed. */
  async readReasons() {
    if (tagPage) return this.readReasonsOfPart();
    const from = this.reasonsFrom;
    if (from === null) return;
    const { body } = await get(urls.anomalies, { parameters: { from, limit: PAGE }, timeoutMs: TIMEOUT_MS });
    this.reasonsFrom = null;
    this.onAnomalies(body);
  }
}
