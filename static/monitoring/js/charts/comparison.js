// The panel in which several tags share one chart.
import { announceNow } from "../base/announcer.js";
import { serverNow } from "../base/clock.js";
import { CursorLine, onPointed, pointAt, pointedAt, wirePointing } from "./cursor.js";
import { descendant, setAttribute, setName, setText } from "../base/dom.js";
import { eventsOver } from "../live/events.js";
import { DASHES, Overlay } from "./overlay.js";
import { settings, tagOf } from "../base/settings.js";
import { TagLayers } from "./tag-layers.js";
import { readTheme } from "../base/theme.js";
import { momentText } from "../base/times.js";
import { endComparison, toggleCompared, view } from "../app/view-state.js";
import { momentValueText, valueText, withUnit } from "../base/words.js";

/**
 * @typedef {import("../app/card.js").Card} Card
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("../base/theme.js").Theme} Theme
 *
 * A tag that is compared, with the list item that names it.
 * @typedef {{tag: Tag, series: import("../live/series.js").Series, layers: TagLayers, node: HTMLLIElement}}
 *   ComparedLine
 */

const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, number>} */
const ALONG = { ArrowLeft: -1, ArrowRight: 1 };
const panel = document.getElementById("comparison");
const plot = descendant(panel, ".plot");
const canvas = /** @type {HTMLCanvasElement} */ (descendant(panel, "canvas"));
const hint = document.getElementById("comparison-hint");
const list = document.getElementById("comparison-lines");

export class Comparison {
  /** @type {import("./chart-options.js").ChartLibrary | null} */
  Chart = null;
  /** @type {Overlay | null} */
  overlay = null;
  /** @type {ComparedLine[]} */
  lines = [];
  cursor = new CursorLine(plot);

  /**
   * @param {Map<string, Card>} cards the page's cards by their tags' names
   * @param {() => void} onArrival called when there is something new to show
   */
  constructor(cards, onArrival) {
    this.cards = cards;
    this.onArrival = onArrival;
    document.getElementById("comparison-end").addEventListener("click", () => this.end());
    document.getElementById("cards").addEventListener("change", ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      if (name === "compare") toggleCompared(value);
    });
    plot.tabIndex = 0;
    plot.setAttribute("role", "application"); // so that a screen reader leaves the arrow keys to the chart
    plot.setAttribute("aria-label", "Comparison over time");
    plot.addEventListener("keydown", (event) => this.walk(event));
    wirePointing(plot, () => this.overlay?.chart);
    onPointed(() => this.showPointed());
  }

  end() {
    const box = this.cards.get(view.compare[0])?.parts.compare;
    endComparison();
    box?.focus(); // the button has disappeared
  }

  /**
   * Draw charts from now on.
   * @param {import("./chart-options.js").ChartLibrary} Chart
   */
  useCharts(Chart) {
    this.Chart = Chart;
    this.build();
  }

  /** Compare the tags of the view. */
  choose() {
    for (const [name, { parts }] of this.cards) parts.compare.checked = view.compare.includes(name);
    const chosen = view.compare.flatMap((name) => this.cards.get(name) ?? []);
    const names = chosen.map(({ tag }) => tag.name);
    panel.hidden = names.length === 0;
    setAttribute(panel, "data-count", String(names.length));
    setText(
      hint,
      names.length === 1
        ? `${chosen[0].tag.shownName} is chosen: choose up to ${settings.mostCompared - 1} more by the boxes on their cards.`
        : "",
    );
    if (names.join() === this.lines.map(({ tag }) => tag.name).join()) return;
    for (const { layers } of this.lines) layers.history.cancel();
    this.lines = chosen.map((card) => this.lineOf(card));
    list.replaceChildren(...this.lines.map(({ node }) => node));
    this.build();
  }

  /** @param {Card} card */
  lineOf({ tag: { name }, series }) {
    const tag = tagOf(name);
    return { tag, series, layers: new TagLayers(tag, series, this.onArrival), node: document.createElement("li") };
  }

  /** Create the chart in the current theme. */
  build() {
    this.overlay?.destroy();
    this.overlay = null;
    const theme = readTheme();
    this.lines.forEach(({ node, tag }, i) => node.replaceChildren(sample(i, theme), ...named(tag, i)));
    if (this.Chart && this.lines.length > 1)
      this.overlay = new Overlay(
        this.Chart,
        canvas,
        this.lines.map(({ tag }) => tag),
        theme,
      );
  }

  /**
   * Draw a range; see Card.showRange.
   * @param {import("./tag-layers.js").ShownRange} shown
   * @param {{aheadMs: number}} playback
   */
  show(shown, { aheadMs }) {
    if (!this.overlay) return;
    for (const { layers } of this.lines) layers.choose(shown, { width: canvas.clientWidth, aheadMs });
    const drawn = this.lines.map(({ layers }) =>
      layers.isMissing(shown.range) && layers.history.isLoading ? null : layers.layer,
    );
    this.overlay.draw(drawn, { events: this.eventsOf(shown.range), notes: this.notesOf(shown.range) }, shown.range);
    setAttribute(
      canvas,
      "aria-label",
      `Chart of ${this.lines.map(({ tag }) => tag.shownName).join(", ")}, ${shown.label}.`,
    );
    this.showPointed();
  }

  /** @param {TimeRange} range */
  eventsOf(range) {
    const events = this.lines.flatMap(({ tag, layers }) => eventsOver(tag.name, range, layers.layer?.events));
    return events.sort((one, other) => one.start - other.start);
  }

  /**
   * Return the notes on any of the tags, each once.
   * @param {TimeRange} range
   */
  notesOf(range) {
    const found = this.lines.flatMap(({ tag }) => this.cards.get(tag.name)?.notesIn(range) ?? []);
    return [...new Map(found.map((note) => [note.id, note])).values()].sort((one, other) => one.start - other.start);
  }

  /** Show each line's value at the moment under the pointer, or the newest value. */
  showPointed() {
    if (!this.overlay) return;
    const at = pointedAt();
    this.cursor.show(this.overlay.chart, at);
    for (const line of this.lines) {
      const value = line.node.lastElementChild;
      if (value) setText(value, at === null ? newestText(line) : textAt(line, at));
    }
  }

  /**
   * Move from measurement to measurement by the arrow keys.
   * @param {KeyboardEvent} event
   */
  walk(event) {
    const direction = ALONG[event.key];
    if (!direction || !this.overlay || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { min, max } = this.overlay.chart.scales.x;
    const start = pointedAt() ?? (direction > 0 ? min : max);
    const times = this.lines
      .map(({ layers }) => layers.layer?.next(start, direction) ?? null)
      .filter((time) => time !== null);
    const next = direction > 0 ? Math.min(...times) : Math.max(...times);
    if (!(next >= min && next <= max)) return;
    pointAt(next);
    announceNow(
      `${momentText(next)}: ${this.lines.map((line) => `${line.tag.shownName} ${textAt(line, next)}`).join(", ")}`,
    );
  }
}

/** @type {(line: ComparedLine, at: number) => string} */
const textAt = ({ tag, layers }, at) => momentValueText(tag, layers.layer?.at(at) ?? null);

/** @param {ComparedLine} line */
function newestText({ tag, series }) {
  const latest = series.latestAt(serverNow());
  return latest ? withUnit(tag, valueText(tag, latest.y)) : "no data yet";
}

/**
 * Return a sample of the i-th line.
 * @param {number} i
 * @param {Theme} theme
 */
function sample(i, theme) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 42 12");
  const line = svg.appendChild(document.createElementNS(SVG, "path"));
  line.setAttribute("d", "M0 6H42");
  line.setAttribute("stroke", theme[`line-${i + 1}`]);
  line.setAttribute("stroke-width", "2.5");
  line.setAttribute("stroke-dasharray", DASHES[i].join(" "));
  return svg;
}

/** @type {(tag: Tag, i: number) => HTMLElement[]} */
function named(tag, i) {
  const [name, axis, value] = ["span", "span", "b"].map((kind) => document.createElement(kind));
  setName(name, tag.shownName);
  axis.textContent = i % 2 ? "right axis" : "left axis";
  axis.className = "axis";
  return [name, axis, value];
}
