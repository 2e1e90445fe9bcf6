// The recent measurements of each tag, read as a whole: at first, after a gap, and now and then, since
// late readings change flags and a logger that was cut off sends what it kept.
import { serverNow } from "../base/clock.js";
import { part } from "../app/part.js";
import { get, RequestFailed } from "../base/request.js";
import { LIVE_MS, settings } from "../base/settings.js";

const AGAIN_AFTER_MS = 60000;
const PAGE = 10000;
const MAX_PAGES = 4; // a window of more measurements is shown by its newest
const TAGS_AT_ONCE = 5;
const TIMEOUT_MS = 10000; // a page of a window is larger than what is new
const { urls } = settings;

export class Recent {
  whole = new Set(); // tags of which nothing is missing
  readAt = new Map(); // by tag, when its window was asked for
  busy = new Set(); // tags that are being read
  reasonsFrom = null; // from when on there are anomalies without reasons
  reasonless = new Map(); // the same by tag, where the page has a part of them

  /** @type {(items: import("../base/settings.js").Measurement[]) => void} */
  onItems;
  /** @type {(anomalies: object[]) => void} */
  onAnomalies;

  /** `onItems(items)` and `onAnomalies(anomalies)` take what is read. */
  constructor(onItems, onAnomalies) {
    Object.assign(this, { onItems, onAnomalies });
  }

  /** Something may have been missed: what was read up to now does not count. */
  forget() {
    this.whole = new Set();
  }

  /** The tag to read next, null if there is none: those near the view first, and only those again. */
  next(near, tags) {
    const isMissing = (tag) => !this.whole.has(tag) && !this.busy.has(tag);
    const isOld = (tag) => Date.now() - this.readAt.get(tag) > AGAIN_AFTER_MS && !this.busy.has(tag);
    return near.find(isMissing) ?? tags.find(isMissing) ?? near.find(isOld) ?? null;
  }

  /** Reads the tag's window, newest first. Throws RequestFailed. */
  async read(tag) {
    const { whole } = this; // what is forgotten meanwhile stays forgotten
    const began = Date.now();
    const from = new Date(serverNow() - LIVE_MS).toISOString();
    this.busy.add(tag);
    try {
      await this.readPages({ tag, from, limit: PAGE });
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.kind !== "broken") throw error;
      // The tag can't be read: it must not keep the others waiting.
    } finally {
      this.busy.delete(tag);
    }
    this.readAt.set(tag, began);
    whole.add(tag);
  }

  async readPages(first) {
    let [url, parameters] = [urls.data, first];
    for (let page = 0; url && page < MAX_PAGES; page++) {
      const { body, next } = await get(url, { parameters, timeoutMs: TIMEOUT_MS });
      if (body.length) this.onItems(body);
      if (body.some((item) => item.is_anomaly)) this.miss(first.tag, first.from);
      [url, parameters] = [next, {}];
    }
  }

  /** There are anomalies of the tag without reasons, from then on. */
  miss(tag, from) {
    if (!part) this.reasonsFrom ??= from;
    else if (!(this.reasonless.get(tag) < from)) this.reasonless.set(tag, from);
  }

  /** Reads why the anomalies are some, of some of the page's tags: there may be too many of all. Throws RequestFailed. */
  async readReasonsOfPart() {
    const some = [...this.reasonless].slice(0, TAGS_AT_ONCE);
    const read = ([tag, from]) =>
      get(urls.anomalies, { parameters: { tag, from, limit: PAGE }, timeoutMs: TIMEOUT_MS });
    const answers = await Promise.all(some.map(read));
    for (const [tag] of some) this.reasonless.delete(tag);
    for (const { body } of answers) this.onAnomalies(body);
  }

  /** Reads why the anomalies are some, of all tags at once, unless nothing is missing. Throws RequestFailed. */
  async readReasons() {
    if (part) return this.readReasonsOfPart();
    const from = this.reasonsFrom;
    if (from === null) return;
    const { body } = await get(urls.anomalies, { parameters: { from, limit: PAGE }, timeoutMs: TIMEOUT_MS });
    this.reasonsFrom = null;
    this.onAnomalies(body);
  }
}
