// Where data arrives: by the stream, and by asking every few seconds while that can't be had.
import { hearEvents, readEvents } from "./events.js";
import { makePause, whenVisible } from "../base/pause.js";
import { part } from "../app/part.js";
import { readNew, readNewOf } from "./polling.js";
import { Recent } from "./recent.js";
import { RequestFailed } from "../base/request.js";
import { settings } from "../base/settings.js";
import { follow } from "./stream.js";
import { readTotals, Summary } from "./summary.js";

const POLL_EVERY_MS = 5000;
const AGAIN_MS = 1000; // after a failure
const MUCH_MS = 60000; // so long a gap is closed by reading the windows: the stream would tell all of it
const AT_ONCE = 3; // windows that are asked for
const SHORT_MS = 5000; // a stream that is cut so soon is not worth much
const LONGEST_PAUSE_MS = 60000; // before the stream is tried again
const HIDDEN_FOR_MS = 30000; // then the stream is left to those who look at it
const { urls } = settings;

/**
 * Starts to read and never stops. The handlers: onReadings(items), of which some may be known;
 * onStored(items), new ones, each once; onAnomalies(anomalies, areNewest); onEvents(), those known have
 * changed; onHealth(health); onTotals({measurements, anomalies, newestId}); onContact("ok" or a
 * RequestFailed's kind); onMode("stream" or "polling"). `tags()` names all tags, `near()` those that are in view or nearly.
 */
export function startFeed(handlers) {
  const feed = new Feed(handlers);
  feed.run();
  return {
    /** A tag has come near that may have to be read. */
    readSoon: () => feed.readSoon(),
    /** An anomaly was found: why it is one follows. */
    reasonsSoon: () => feed.summary.reasonsSoon(),
  };
}

class Feed {
  lastId = settings.totals?.newestId ?? null; // the stream goes on behind it
  newest = null; // the latest time measured, in epoch milliseconds
  heardAt = Date.now(); // by the stream
  stream = null; // an AbortController while it is tried or followed
  isOpen = false;
  isTroubled = false;
  failures = 0;
  streamAt = 0; // not to be tried before
  /** @type {(ms: number) => Promise<void>} */
  pause;
  /** @type {() => void} */
  wake;
  /** @type {(ms: number) => Promise<void>} */
  pauseRecent;
  /** @type {() => void} */
  readSoon;
  /** @type {() => string[]} */
  tags;
  /** @type {() => string[]} */
  near;
  /** @type {(items: import("../base/settings.js").Measurement[]) => void} */
  onReadings;
  /** @type {(items: import("../base/settings.js").Measurement[]) => void} */
  onStored;
  /** @type {(anomalies: object[], areNewest: boolean) => void} */
  onAnomalies;
  /** @type {() => void} */
  onEvents;
  /** @type {(health: any) => void} */
  onHealth;
  /** @type {(counted: import("../base/settings.js").Counted) => void} */
  onTotals;
  /** @type {(kind: string) => void} */
  onContact;
  /** @type {(mode: "stream" | "polling") => void} */
  onMode;

  constructor(handlers) {
    Object.assign(this, handlers);
    [this.pause, this.wake] = makePause();
    [this.pauseRecent, this.readSoon] = makePause();
    this.recent = new Recent(
      (items) => this.deliver(items),
      (anomalies) => this.onAnomalies(anomalies, false),
    );
    this.summary = new Summary({
      isStreaming: () => this.isOpen && !part, // of a part of the tags it tells no totals, nor all events
      isTroubled: () => this.isOpen && this.isTroubled,
      onHealth: this.onHealth,
      onTotals: this.onTotals,
      onAnomalies: (anomalies) => this.onAnomalies(anomalies, true),
      onRead: (found, askedAt) => this.tellEvents(() => readEvents(found, askedAt)),
      onLook: (kind, sent) => this.look(kind, sent),
    });
  }

  run() {
    this.deliver(settings.latest);
    document.addEventListener("visibilitychange", () => this.seen());
    this.readChanges();
    this.readWindows();
    this.summary.run();
  }

  deliver(items) {
    for (const item of items) this.newest = Math.max(this.newest ?? 0, Date.parse(item.timestamp));
    if (items.length) this.onReadings(items);
  }

  async readChanges() {
    for (;;) {
      await whenVisible();
      if (Date.now() >= this.streamAt && !this.isOfNone()) await this.tryStream();
      else await this.poll();
    }
  }

  /** Asked for no tag, the stream would tell of all. */
  isOfNone() {
    return part !== null && !this.tags().length;
  }

  async tryStream() {
    this.stream = new AbortController();
    const { signal } = this.stream;
    const began = Date.now();
    try {
      const isAnew = this.lastId === null || began - this.heardAt > MUCH_MS;
      if (isAnew) await this.catchUp();
      const retryMs = await follow(urls.stream, {
        since: this.lastId,
        tags: part && this.tags(),
        signal,
        onOpen: () => this.opened(isAnew),
        onMeasurements: (items, place) => this.take(items, place),
        onEvents: (items) => this.tellEvents(() => hearEvents(items)),
      });
      this.failures = Date.now() - began > SHORT_MS ? 0 : this.failures + 1;
      this.streamAt = Date.now() + Math.min(LONGEST_PAUSE_MS, retryMs * 2 ** this.failures);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.failures += 1;
      this.streamAt =
        Date.now() + (error.retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, POLL_EVERY_MS * 2 ** this.failures));
    }
    this.closed(signal.aborted);
  }

  /** From now on: what was missed is not told, the windows are read for it. */
  async catchUp() {
    const counted = await readTotals();
    this.lastId = counted.newestId;
    this.onTotals(counted);
  }

  opened(isAnew) {
    this.isOpen = true;
    this.heardAt = Date.now();
    this.onMode("stream");
    if (isAnew) this.recent.forget();
    this.readSoon();
    this.summary.now();
  }

  closed(wasLeft) {
    this.stream = null;
    this.isOpen = false;
    if (wasLeft) {
      this.failures = 0;
      this.streamAt = this.isTroubled ? Date.now() + POLL_EVERY_MS : 0; // asking tells when the server is back
    } else if (this.streamAt - Date.now() > POLL_EVERY_MS) this.onMode("polling");
  }

  /** What the stream brings: nothing, as a sign of life, or new measurements. */
  take(items, place) {
    this.heardAt = Date.now();
    this.lastId = items.at(-1)?.id ?? place ?? this.lastId;
    if (!items.length) return;
    this.onContact("ok");
    this.onStored(items);
    this.deliver(items);
    const anomalies = items.filter((item) => item.is_anomaly);
    if (part) anomalies.forEach(({ tag, timestamp }) => this.recent.miss(tag, timestamp));
    else if (anomalies.length) this.summary.reasonsSoon();
  }

  tellEvents(take) {
    take();
    this.onEvents();
  }

  async poll() {
    try {
      const { items, isAll } = await (part ? readNewOf(this.near(), this.newest) : readNew(this.newest));
      this.deliver(items);
      if (!isAll || this.isTroubled) this.recent.forget(); // what was missed may be older than what was read
      if (this.isTroubled) this.streamAt = 0;
      this.isTroubled = false;
      this.onContact("ok");
      const untilStream = this.isOfNone() ? POLL_EVERY_MS : this.streamAt - Date.now();
      await this.pause(Math.min(POLL_EVERY_MS, Math.max(0, untilStream)));
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.trouble(error.kind);
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
        this.trouble(error.kind);
      }
      await this.pauseRecent(AGAIN_MS);
    }
  }

  async readMissing() {
    const next = () => this.recent.next(this.near(), this.tags());
    for (let tag = next(); tag; tag = next()) await this.recent.read(tag);
  }

  /** How the request for the health went that was sent then. A stream that was heard since says more. */
  look(kind, sent) {
    if (!this.stream || (kind !== "ok" && this.isOpen && this.heardAt > sent)) return;
    if (kind !== "ok") return this.trouble(kind);
    this.isTroubled = false;
    this.onContact("ok");
  }

  trouble(kind) {
    this.isTroubled = true;
    this.onContact(kind);
    // While the database is away the stream stays open, and goes on when it is back.
    if (kind === "offline" || kind === "denied") this.stream?.abort();
  }

  seen() {
    clearTimeout(this.leaving);
    if (document.hidden) {
      this.leaving = setTimeout(() => this.stream?.abort(), HIDDEN_FOR_MS);
      return;
    }
    if (Date.now() - this.heardAt > MUCH_MS) this.stream?.abort(); // a computer that slept
    this.wake();
    this.readSoon();
    this.summary.now();
  }
}
