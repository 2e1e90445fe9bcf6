// When what is drawn: words soon after a reading, charts about once a second, and never more than a frame bears.
const WORDS_EVERY_MS = 200; // nobody reads faster
const CHART_EVERY_MS = 900; // so that a reading a second is drawn when it comes
const TICK_MS = 1000; // ages grow, and what has stopped must show, also when nothing arrives
const BUDGET_MS = 10; // of one frame: what is left follows in the next, or the page would not answer a hand

export class Painter {
  news = new Set(); // cards whose newest readings are not told yet
  undrawn = new Set(); // nor drawn
  drawn = new Map(); // by card: when last, and when last with something new
  wordsAt = -Infinity;
  tickAt = -Infinity;
  sharedAt = -Infinity;
  timer = null;
  frame = null;
  /** @type {() => Iterable<import("../app/card.js").Card>} */
  cards;
  /** @type {(card: import("../app/card.js").Card) => boolean} */
  isNear;
  /** @type {() => any} */
  scene;
  /** @type {(scene: any) => void} */
  showShared;

  /**
   * `cards()`: all that there are; `isNear(card)`: whether its chart can be seen, or nearly; `scene()` shows
   * what all share in words and gives {now, shown, playback} as the cards take them; `showShared(scene)`
   * draws what cards share.
   */
  constructor(parts) {
    Object.assign(this, parts);
    setInterval(() => this.soon(), TICK_MS);
  }

  /** Readings of a card have come. */
  tell(card) {
    this.news.add(card);
    this.undrawn.add(card);
    this.soon(this.wordsAt + WORDS_EVERY_MS - performance.now());
  }

  /** What is shown has changed, in one card or in all: the next frame shows it. */
  redraw(card = null) {
    if (!card) this.tickAt = this.sharedAt = -Infinity;
    for (const changed of card ? [card] : this.cards()) {
      this.news.add(changed);
      this.drawn.delete(changed);
    }
    this.soon();
  }

  /** Paints at the next frame, or at one that is some ms ahead: once however often it is called. */
  soon(delayMs = 0) {
    if (document.hidden || this.frame !== null) return;
    if (delayMs > 0) {
      this.timer ??= setTimeout(() => this.soon(), delayMs);
      return;
    }
    clearTimeout(this.timer);
    this.timer = null;
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = null;
    if (document.hidden) return;
    const began = performance.now();
    const scene = this.scene();
    this.tellWords(scene.now, began);
    this.drawShared(scene, began);
    this.drawCharts(scene, began);
  }

  tellWords(now, began) {
    this.wordsAt = began;
    const isTick = began - this.tickAt >= TICK_MS - WORDS_EVERY_MS;
    if (isTick) this.tickAt = began;
    for (const card of isTick ? this.cards() : this.news) card.showNow(now);
    this.news.clear();
  }

  drawShared(scene, began) {
    if (began - this.sharedAt < CHART_EVERY_MS) return;
    this.sharedAt = began;
    this.showShared(scene);
  }

  /** Draws the charts that are due, those first that were not for longest: at least one, and what the frame bears. */
  drawCharts({ shown, playback }, began) {
    const due = [...this.cards()].filter((card) => this.isNear(card) && this.isDue(card, began));
    due.sort((one, other) => this.timesOf(one).last - this.timesOf(other).last);
    while (due.length) {
      const card = due.shift();
      const { lastNew } = this.timesOf(card);
      this.drawn.set(card, { last: began, lastNew: this.undrawn.delete(card) ? began : lastNew });
      card.showRange(shown, playback);
      if (performance.now() - began > BUDGET_MS) break;
    }
    if (due.length) this.soon();
  }

  /** Something new is drawn at once, but not more often than charts move anyway. */
  isDue(card, time) {
    const { last, lastNew } = this.timesOf(card);
    return time - (this.undrawn.has(card) ? lastNew : last) >= CHART_EVERY_MS;
  }

  timesOf(card) {
    return this.drawn.get(card) ?? { last: -Infinity, lastNew: -Infinity };
  }
}
