// Schedules drawing: texts soon after a reading, charts about once a second, within the time budget of a frame.
const WORDS_EVERY_MS = 200; // people do not read faster
const CHART_EVERY_MS = 900; // so that one reading a second is drawn when it arrives
const TICK_MS = 1000; // ages grow, and stopped data must show, even when nothing arrives
const BUDGET_MS = 10; // in one frame: the rest follows in the next, so that the page stays responsive

/**
 * @typedef {import("../app/card.js").Card} Card
 *
 * The contents of the page at the time `now`; `playback.at`: where playback stands, null if it does not play.
 * @typedef {{now: number, shown: import("./tag-layers.js").ShownRange, playback: Playback}} Scene
 * @typedef {{at: number | null, aheadMs: number}} Playback
 *
 * `cards()` returns all cards; `isNear(card)` whether a chart is in or near the view; `scene()` shows the texts that
 * all cards share and returns the scene; `showShared(scene)` draws the panels that several cards share.
 * @typedef {object} SchedulerParts
 * @property {() => Iterable<Card>} cards
 * @property {(card: Card) => boolean} isNear
 * @property {() => Scene} scene
 * @property {(scene: Scene) => void} showShared
 */

export class RenderScheduler {
  /** @type {Set<Card>} cards with readings that the texts do not show yet */
  news = new Set();
  /** @type {Set<Card>} cards with readings that the charts do not show yet */
  undrawn = new Set();
  /** @type {Map<Card, {last: number, lastNew: number}>} when drawn last, and when drawn last with new readings */
  drawn = new Map();
  wordsAt = -Infinity;
  tickAt = -Infinity;
  sharedAt = -Infinity;
  /** @type {number | undefined} */
  timer;
  /** @type {number | null} */
  frame = null;

  /** @param {SchedulerParts} parts */
  constructor(parts) {
    this.parts = parts;
    setInterval(() => this.schedule(), TICK_MS);
  }

  /**
   * Schedule a card with new readings.
   * @param {Card} card
   */
  noteReadings(card) {
    this.news.add(card);
    this.undrawn.add(card);
    this.schedule(this.wordsAt + WORDS_EVERY_MS - performance.now());
  }

  /**
   * Draw one card or all cards in the next frame.
   * @param {Card | null} card null for all
   */
  redraw(card = null) {
    if (!card) this.tickAt = this.sharedAt = -Infinity;
    for (const changed of card ? [card] : this.parts.cards()) {
      this.news.add(changed);
      this.drawn.delete(changed);
    }
    this.schedule();
  }

  /**
   * Draw in the next frame after a delay: once, however often this is called.
   * @param {number} delayMs
   */
  schedule(delayMs = 0) {
    if (document.hidden || this.frame !== null) return;
    if (delayMs > 0) {
      this.timer ??= setTimeout(() => this.schedule(), delayMs);
      return;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    if (document.hidden) return;
    const began = performance.now();
    const scene = this.parts.scene();
    this.showWords(scene.now, began);
    this.drawShared(scene, began);
    this.drawCharts(scene, began);
  }

  /**
   * @param {number} now
   * @param {number} began
   */
  showWords(now, began) {
    this.wordsAt = began;
    const isTick = began - this.tickAt >= TICK_MS - WORDS_EVERY_MS;
    if (isTick) this.tickAt = began;
    for (const card of isTick ? this.parts.cards() : this.news) card.showNow(now);
    this.news.clear();
  }

  /**
   * @param {Scene} scene
   * @param {number} began
   */
  drawShared(scene, began) {
    if (began - this.sharedAt < CHART_EVERY_MS) return;
    this.sharedAt = began;
    this.parts.showShared(scene);
  }

  /**
   * Draw the charts that are due, the one drawn longest ago first: at least one, and as many as fit the budget.
   * @param {Scene} scene
   * @param {number} began
   */
  drawCharts({ shown, playback }, began) {
    const due = [...this.parts.cards()].filter((card) => this.parts.isNear(card) && this.isDue(card, began));
    due.sort((one, other) => this.timesOf(one).last - this.timesOf(other).last);
    let count = 0;
    for (const card of due) {
      count += 1;
      const { lastNew } = this.timesOf(card);
      this.drawn.set(card, { last: began, lastNew: this.undrawn.delete(card) ? began : lastNew });
      card.showRange(shown, playback);
      if (performance.now() - began > BUDGET_MS) break;
    }
    if (count < due.length) this.schedule();
  }

  /**
   * Return whether a chart is due: with new readings at once, but not more often than charts move anyway.
   * @param {Card} card
   * @param {number} time
   */
  isDue(card, time) {
    const { last, lastNew } = this.timesOf(card);
    return time - (this.undrawn.has(card) ? lastNew : last) >= CHART_EVERY_MS;
  }

  /** @param {Card} card */
  timesOf(card) {
    return this.drawn.get(card) ?? { last: -Infinity, lastNew: -Infinity };
  }
}
