// The source of live data: the stream, or polling every few seconds while the stream is not available.
import { noteConfirmed } from "./confirmed.js";
import { noteStreaming, refreshAlarms } from "./alarms.js";
import { mergeEvents, receiveEvents } from "./events.js";
import { makePause, whenVisible } from "../base/pause.js";
import { tagPage } from "../app/tag-page.js";
import { readNew, readNewOf } from "./polling.js";
import { Recent } from "./recent.js";
import { RequestFailed } from "../base/request.js";
import { settings } from "../base/settings.js";
import { followShared } from "./shared-stream.js";
import { OverviewPoller, readTotals } from "./overview-poller.js";

/**
 * @typedef {import("../base/request.js").ContactKind} ContactKind
 * @typedef {import("../base/request.js").FailureKind} FailureKind
 * @typedef {import("../base/settings.js").Measurement} Measurement
 *
 * `tags()` returns the names of all tags, `near()` of those in or near the view. onReadings: measurements, some of
 * which may be known; onStored: new measurements, each once; onEvents: the known events have changed; onContact: how
 * the last request went; onMode: how data arrives.
 * @typedef {object} FeedHandlers
 * @property {() => string[]} tags
 * @property {() => string[]} near
 * @property {(items: Measurement[]) => void} onReadings
 * @property {(items: Measurement[]) => void} onStored
 * @property {(anomalies: import("../base/settings.js").Anomaly[], areNewest: boolean) => void} onAnomalies
 * @property {() => void} onEvents
 * @property {(health: import("../base/settings.js").Health) => void} onHealth
 * @property {(counted: import("../base/settings.js").CountedTotals) => void} onTotals
 * @property {(kind: ContactKind) => void} onContact
 * @property {(mode: "stream" | "polling") => void} onMode
 *
 * `readSoon()`: a tag that may need a read has come near the view; `reasonsSoon()`: read the reasons of a new anomaly.
 * @typedef {{readSoon: () => void, reasonsSoon: () => void}} FeedControl
 */

const POLL_EVERY_MS = 5000;
const AGAIN_MS = 1000; // after a failure
const MUCH_MS = 60000; // a gap of this length is closed by reading the windows: the stream would replay all of it
const AT_ONCE = 3; // windows that are requested at the same time
const SHORT_MS = 5000; // a stream that ends so soon counts as a failure
const LONGEST_PAUSE_MS = 60000; // before the next attempt to open the stream
const HIDDEN_FOR_MS = 30000; // then a hidden page leaves the stream to visible ones
const { urls } = settings;

/**
 * Start reading, forever.
 * @param {FeedHandlers} handlers
 * @returns {FeedControl}
 */
export function startFeed(handlers) {
  const feed = new Feed(handlers);
  feed.run();
  return {
    readSoon: () => feed.readSoon(),
    reasonsSoon: () => feed.overview.reasonsSoon(),
  };
}

class Feed {
  /** @type {number | null} the id after which the stream continues */
  lastId = settings.totals?.newestId ?? null;
  /** @type {number | null} the latest time measured, in epoch milliseconds */
  newest = null;
  heardAt = Date.now(); // when the stream last sent something
  /** @type {AbortController | null} null while no stream is open or being opened */
  stream = null;
  isOpen = false;
  isTroubled = false;
  failures = 0;
  streamAt = 0; // not to be opened before
  /** @type {number | undefined} a timer */
  leaving;
  /** @type {(ms: number) => Promise<void>} */
  pause;
  /** @type {() => void} */
  wake;
  /** @type {(ms: number) => Promise<void>} */
  pauseRecent;
  /** @type {() => void} */
  readSoon;

  /** @param {FeedHandlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    [this.pause, this.wake] = makePause();
    [this.pauseRecent, this.readSoon] = makePause();
    this.recent = new Recent(
      (items) => this.deliver(items),
      (anomalies) => handlers.onAnomalies(anomalies, false),
    );
    this.overview = new OverviewPoller({
      isStreaming: () => this.isOpen && !tagPage, // of a subset of the tags, the stream lacks totals and some events
      isTroubled: () => this.isOpen && this.isTroubled,
      onHealth: (health) => {
        noteConfirmed(health.confirmed);
        handlers.onHealth(health);
      },
      onTotals: handlers.onTotals,
      onAnomalies: (anomalies) => handlers.onAnomalies(anomalies, true),
      onEventsRead: (snapshot, askedAt) => this.changeEvents(() => mergeEvents(snapshot, askedAt)),
      onHealthRequest: (kind, sent) => this.noteHealthRequest(kind, sent),
    });
  }

  run() {
    this.deliver(settings.latest);
    document.addEventListener("visibilitychange", () => this.noteVisibility());
    this.readChanges();
    this.readWindows();
    this.overview.run();
  }

  /** @param {Measurement[]} items */
  deliver(items) {
    for (const item of items) this.newest = Math.max(this.newest ?? 0, Date.parse(item.timestamp));
    if (items.length) this.handlers.onReadings(items);
  }

  async readChanges() {
    for (;;) {
      await whenVisible();
      if (Date.now() >= this.streamAt && !this.isOfNone()) await this.tryStream();
      else await this.poll();
    }
  }

  /** Return whether the page has no tag: a stream without tags would send those of all. */
  isOfNone() {
    return tagPage !== null && !this.handlers.tags().length;
  }

  async tryStream() {
    this.stream = new AbortController();
    const { signal } = this.stream;
    const began = Date.now();
    try {
      const isAnew = this.lastId === null || began - this.heardAt > MUCH_MS;
      if (isAnew) await this.skipGap();
      const retryMs = await followShared(urls.stream, {
        since: this.lastId,
        tags: tagPage && this.handlers.tags(),
        signal,
        onOpen: () => this.noteOpened(isAnew),
        onMeasurements: (items, lastId) => this.receive(items, lastId),
        onEvents: (items) => this.changeEvents(() => receiveEvents(items)),
        onAlarms: refreshAlarms,
      });
      this.failures = Date.now() - began > SHORT_MS ? 0 : this.failures + 1;
      this.streamAt = Date.now() + Math.min(LONGEST_PAUSE_MS, retryMs * 2 ** this.failures);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.failures += 1;
      this.streamAt =
        Date.now() + (error.retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, POLL_EVERY_MS * 2 ** this.failures));
    }
    this.noteClosed(signal.aborted);
  }

  /** Continue the stream from now on: reading the windows closes the gap. */
  async skipGap() {
    const counted = await readTotals();
    this.lastId = counted.newestId;
    this.handlers.onTotals(counted);
  }

  /** @param {boolean} isAnew whether the stream skips measurements */
  noteOpened(isAnew) {
    this.isOpen = true;
    noteStreaming(!tagPage); // of a subset of the tags, the stream lacks the alarms of others
    this.heardAt = Date.now();
    this.handlers.onMode("stream");
    if (isAnew) this.recent.forget();
    this.readSoon();
    this.overview.now();
  }

  /** @param {boolean} wasLeft whether this page closed the stream */
  noteClosed(wasLeft) {
    this.stream = null;
    this.isOpen = false;
    noteStreaming(false);
    if (wasLeft) {
      this.failures = 0;
      this.streamAt = this.isTroubled ? Date.now() + POLL_EVERY_MS : 0; // polling notices when the server is back
    } else if (this.streamAt - Date.now() > POLL_EVERY_MS) this.handlers.onMode("polling");
  }

  /**
   * Receive new measurements from the stream, or none with a heartbeat.
   * @param {Measurement[]} items
   * @param {number | null} lastId
   */
  receive(items, lastId) {
    this.heardAt = Date.now();
    this.lastId = items.at(-1)?.id ?? lastId ?? this.lastId;
    if (!items.length) return;
    this.handlers.onContact("ok");
    this.handlers.onStored(items);
    this.deliver(items);
    const anomalies = items.filter((item) => item.is_anomaly);
    if (tagPage) anomalies.forEach(({ tag, timestamp }) => this.recent.noteMissingReasons(tag, timestamp));
    else if (anomalies.length) this.overview.reasonsSoon();
  }

  /** @param {() => void} change */
  changeEvents(change) {
    change();
    this.handlers.onEvents();
  }

  async poll() {
    try {
      const { items, isAll } = await (tagPage ? readNewOf(this.handlers.near(), this.newest) : readNew(this.newest));
      this.deliver(items);
      if (!isAll || this.isTroubled) this.recent.forget(); // missed measurements may be older than this response
      if (this.isTroubled) this.streamAt = 0;
      this.isTroubled = false;
      this.handlers.onContact("ok");
      const untilStream = this.isOfNone() ? POLL_EVERY_MS : this.streamAt - Date.now();
      await this.pause(Math.min(POLL_EVERY_MS, Math.max(0, untilStream)));
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.noteTrouble(error.kind);
      await this.pause(AGAIN_MS);
    }
  }

  async readWindows() {
    for (;;) {
      await whenVisible();
      try {
        await Promise.all(Array.from({ length: AT_ONCE }, () => this.readMissing()));
        await this.recent.readReasons();
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        this.noteTrouble(error.kind);
      }
      await this.pauseRecent(AGAIN_MS);
    }
  }

  async readMissing() {
    const next = () => this.recent.next(this.handlers.near(), this.handlers.tags());
    for (let tag = next(); tag; tag = next()) await this.recent.read(tag);
  }

  /**
   * Note how the health request went that was sent at `sent`. A stream that sent something since outweighs a failure.
   * @param {ContactKind} kind
   * @param {number} sent epoch milliseconds
   */
  noteHealthRequest(kind, sent) {
    if (!this.stream || (kind !== "ok" && this.isOpen && this.heardAt > sent)) return;
    if (kind !== "ok") return this.noteTrouble(kind);
    this.isTroubled = false;
    this.handlers.onContact("ok");
  }

  /** @param {FailureKind} kind */
  noteTrouble(kind) {
    this.isTroubled = true;
    this.handlers.onContact(kind);
    // While the database is away the stream stays open, and continues when the database is back.
    if (kind === "offline" || kind === "denied") this.stream?.abort();
  }

  noteVisibility() {
    clearTimeout(this.leaving);
    if (document.hidden) {
      this.leaving = setTimeout(() => this.stream?.abort(), HIDDEN_FOR_MS);
      return;
    }
    if (Date.now() - this.heardAt > MUCH_MS) this.stream?.abort(); // the computer was asleep
    this.wake();
    this.readSoon();
    this.overview.now();
  }
}
