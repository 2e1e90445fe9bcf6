// Polls everything but the measurements: health, totals, events, and the newest anomalies with their reasons.
import { setServerTime } from "../base/clock.js";
import { makePause } from "../base/pause.js";
import { get } from "../base/request.js";
import { settings } from "../base/settings.js";

/**
 * @typedef {import("../base/request.js").ContactKind} ContactKind
 * @typedef {import("../base/settings.js").Anomaly} Anomaly
 * @typedef {import("../base/settings.js").CountedTotals} CountedTotals
 * @typedef {import("../base/settings.js").Health} Health
 *
 * `isStreaming()`: whether the stream brings all news. `isTroubled()`: whether a failure blocks the stream, so that
 * only a poll can notice its end. onHealthRequest(kind, sent): how the health request went that was sent at `sent`, in
 * epoch milliseconds. onEventsRead(snapshot, askedAt): as mergeEvents in events.js takes them.
 * @typedef {object} OverviewHandlers
 * @property {() => boolean} isStreaming
 * @property {() => boolean} isTroubled
 * @property {(health: Health) => void} onHealth
 * @property {(counted: CountedTotals) => void} onTotals
 * @property {(newest: Anomaly[]) => void} onAnomalies
 * @property {(snapshot: import("./events.js").EventSnapshot, askedAt: number) => void} onEventsRead
 * @property {(kind: ContactKind, sent: number) => void} onHealthRequest
 */

const EVERY_MS = 4000; // changed limits reach the page within 5 s
const TROUBLED_EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 15000;
const CORRECT_EVERY_MS = 60000; // totals that the stream continues, anomalies due to late readings, and events
const REASONS_AFTER_MS = 100; // anomalies come in groups; one request covers a group
const REASONS_EVERY_MS = 2000;
const { urls } = settings;

/**
 * Read the totals. Throws RequestFailed.
 * @returns {Promise<CountedTotals>}
 */
export async function readTotals() {
  const { body, headers } = await get(urls.stats);
  const newestId = Number(headers.get("Last-Event-ID"));
  return { measurements: body.total_measurements, anomalies: body.total_anomalies, newestId };
}

export class OverviewPoller {
  correctedAt = -Infinity;
  reasonsAt = -Infinity;
  /** @type {number | undefined} */
  reasonsTimer;
  /** @type {(ms: number) => Promise<void>} */
  pause;
  /** @type {() => void} */
  wake;

  /** @param {OverviewHandlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    [this.pause, this.wake] = makePause();
  }

  /** Poll forever. */
  async run() {
    for (;;) {
      await Promise.all([this.readHealth(), this.isDue() && this.correct()]);
      await this.pause(this.pauseMs());
    }
  }

  pauseMs() {
    if (document.hidden) return HIDDEN_EVERY_MS;
    return this.handlers.isTroubled() ? TROUBLED_EVERY_MS : EVERY_MS;
  }

  isDue() {
    return !document.hidden && (!this.handlers.isStreaming() || Date.now() - this.correctedAt > CORRECT_EVERY_MS);
  }

  /** Poll everything at once: all of it may have changed. */
  now() {
    this.correctedAt = -Infinity;
    this.wake();
  }

  /** Read the reasons of new anomalies soon. */
  reasonsSoon() {
    if (document.hidden) return;
    const wait = Math.max(REASONS_AFTER_MS, this.reasonsAt + REASONS_EVERY_MS - Date.now());
    this.reasonsTimer ??= setTimeout(() => this.readAnomalies(), wait);
  }

  async readHealth() {
    const sent = Date.now();
    const [{ value, reason }] = await Promise.allSettled([get(urls.health, { accept: [503] })]);
    const isFull = Boolean(value?.body.timestamp); // without permission, /health has the status alone
    if (value && isFull) {
      setServerTime(value.body.timestamp, sent);
      this.handlers.onHealth(value.body);
    }
    this.handlers.onHealthRequest(
      value ? (value.status === 503 ? "database" : isFull ? "ok" : "denied") : reason.kind,
      sent,
    );
  }

  async correct() {
    this.correctedAt = Date.now();
    const [{ value }] = await Promise.allSettled([readTotals(), this.readAnomalies(), this.readEvents()]);
    if (value) this.handlers.onTotals(value);
    else this.correctedAt = -Infinity;
  }

  async readAnomalies() {
    clearTimeout(this.reasonsTimer);
    this.reasonsTimer = undefined;
    this.reasonsAt = Date.now();
    const [{ value }] = await Promise.allSettled([get(urls.anomalies, { parameters: { limit: 100 } })]);
    if (value) this.handlers.onAnomalies(value.body);
  }

  async readEvents() {
    const askedAt = performance.now();
    const [open, newest] = await Promise.allSettled([
      get(urls.events, { parameters: { open: true, limit: settings.mostOpenEvents } }),
      get(urls.events, { parameters: { limit: settings.mostOpenEvents } }),
    ]);
    if (!open.value || !newest.value) return;
    const snapshot = { open: open.value.body, areAll: open.value.next === null, newest: newest.value.body };
    this.handlers.onEventsRead(snapshot, askedAt);
  }
}
