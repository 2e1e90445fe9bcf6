// What is asked for beside the measurements: health, totals, events, and the newest anomalies with their reasons.
import { setServerTime } from "../base/clock.js";
import { makePause } from "../base/pause.js";
import { get } from "../base/request.js";
import { settings } from "../base/settings.js";

const EVERY_MS = 5000;
const TROUBLED_EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 15000;
const CORRECT_EVERY_MS = 60000; // totals that the stream counts on, anomalies that late readings made, and events
const MOST_EVENTS = 200;
const REASONS_AFTER_MS = 100; // anomalies come in groups, one request is enough for each
const REASONS_EVERY_MS = 2000;
const { urls } = settings;

/** {measurements, anomalies, newestId}: how many there are up to that id. Throws RequestFailed. */
export async function readTotals() {
  const { body, headers } = await get(urls.stats);
  const newestId = Number(headers.get("Last-Event-ID"));
  return { measurements: body.total_measurements, anomalies: body.total_anomalies, newestId };
}

export class Summary {
  correctedAt = -Infinity;
  reasonsAt = -Infinity;
  reasonsTimer = null;
  /** @type {(ms: number) => Promise<void>} */
  pause;
  /** @type {() => void} */
  wake;
  /** @type {() => boolean} */
  isStreaming;
  /** @type {() => boolean} */
  isTroubled;
  /** @type {(health: any) => void} */
  onHealth;
  /** @type {(counted: import("../base/settings.js").Counted) => void} */
  onTotals;
  /** @type {(newest: object[]) => void} */
  onAnomalies;
  /** @type {(found: {open: object[], areAll: boolean, newest: object[]}, askedAt: number) => void} */
  onRead;
  /** @type {(kind: string, sent: number) => void} */
  onLook;

  /**
   * `isStreaming()`: whether the stream tells all that is new; `isTroubled()`: whether something stands in
   * its way, and nothing else would tell when that is over. The handlers: onHealth(health),
   * onTotals(counted), onAnomalies(newest), onRead(found, askedAt) as readEvents in events.js
   * takes them, and onLook(kind, sent): how the request for the health went that was sent then, "ok" or a
   * RequestFailed's kind.
   */
  constructor(handlers) {
    Object.assign(this, handlers);
    [this.pause, this.wake] = makePause();
  }

  /** Reads again and again, and never stops. */
  async run() {
    for (;;) {
      await Promise.all([this.readHealth(), this.isDue() && this.correct()]);
      await this.pause(this.pauseMs());
    }
  }

  pauseMs() {
    if (document.hidden) return HIDDEN_EVERY_MS;
    return this.isTroubled() ? TROUBLED_EVERY_MS : EVERY_MS;
  }

  isDue() {
    return !document.hidden && (!this.isStreaming() || Date.now() - this.correctedAt > CORRECT_EVERY_MS);
  }

  /** Does not wait: all of it may have changed. */
  now() {
    this.correctedAt = -Infinity;
    this.wake();
  }

  /** An anomaly came: why it is one follows. */
  reasonsSoon() {
    if (document.hidden) return;
    const wait = Math.max(REASONS_AFTER_MS, this.reasonsAt + REASONS_EVERY_MS - Date.now());
    this.reasonsTimer ??= setTimeout(() => this.readAnomalies(), wait);
  }

  async readHealth() {
    const sent = Date.now();
    const [{ value, reason }] = await Promise.allSettled([get(urls.health, { accept: [503] })]);
    const isTold = Boolean(value?.body.timestamp); // strangers are told the status alone
    if (isTold) {
      setServerTime(value.body.timestamp, sent);
      this.onHealth(value.body);
    }
    this.onLook(value ? (value.status === 503 ? "database" : isTold ? "ok" : "denied") : reason.kind, sent);
  }

  async correct() {
    this.correctedAt = Date.now();
    const [{ value }] = await Promise.allSettled([readTotals(), this.readAnomalies(), this.readEvents()]);
    if (value) this.onTotals(value);
    else this.correctedAt = -Infinity;
  }

  async readAnomalies() {
    clearTimeout(this.reasonsTimer);
    this.reasonsTimer = null;
    this.reasonsAt = Date.now();
    const [{ value }] = await Promise.allSettled([get(urls.anomalies, { parameters: { limit: 100 } })]);
    if (value) this.onAnomalies(value.body);
  }

  async readEvents() {
    const askedAt = performance.now();
    const asked = [{ open: true, limit: MOST_EVENTS }, { limit: MOST_EVENTS }];
    const answers = await Promise.allSettled(asked.map((parameters) => get(urls.events, { parameters })));
    if (answers.some(({ value }) => !value)) return;
    const [open, newest] = answers.map(({ value }) => value);
    this.onRead({ open: open.body, areAll: open.next === null, newest: newest.body }, askedAt);
  }
}
