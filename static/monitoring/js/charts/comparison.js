// The panel in which several tags share one chart.
import { answer } from "../base/announcer.js";
import { serverNow } from "../base/clock.js";
import { CursorLine, onPointed, pointAt, pointedAt, wirePointing } from "./cursor.js";
import { setAttribute, setText } from "../base/dom.js";
import { eventsOver } from "../live/events.js";
import { DASHES, Overlay } from "./overlay.js";
import { settings, tagOf } from "../base/settings.js";
import { TagLayers } from "./tag-layers.js";
import { readTheme } from "../base/theme.js";
import { momentText } from "../base/times.js";
import { endComparison, toggleCompared, view } from "../app/view.js";
import { momentValueText, valueText, withUnit } from "../base/words.js";

const SVG = "http://www.w3.org/2000/svg";
const ALONG = { ArrowLeft: -1, ArrowRight: 1 };
const panel = document.getElementById("comparison");
const plot = panel.querySelector(".plot");
const canvas = panel.querySelector("canvas");
const hint = document.getElementById("comparison-hint");
const list = document.getElementById("comparison-lines");

export class Comparison {
  Chart = null;
  overlay = null;
  lines = []; // {tag, series, layers, node} of each tag that is compared
  cursor = new CursorLine(plot);
  /** @type {Map<string, import("../app/card.js").Card>} */
  cards;
  /** @type {() => void} */
  onArrival;

  /** `cards` are the page's, by their tags' names; `onArrival()` is called when there is something new to show. */
  constructor(cards, onArrival) {
    Object.assign(this, { cards, onArrival });
    document.getElementById("comparison-end").addEventListener("click", () => this.end());
    document.getElementById("cards").addEventListener("change", ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      if (name === "compare") toggleCompared(value);
    });
    plot.tabIndex = 0;
    plot.setAttribute("role", "application"); // the arrow keys are the chart's, not the screen reader's
    plot.setAttribute("aria-label", "Comparison over time");
    plot.addEventListener("keydown", (event) => this.walk(event));
    wirePointing(plot, () => this.overlay?.chart);
    onPointed(() => this.showPointed());
  }

  end() {
    const box = this.cards.get(view.compare[0])?.parts.compare;
    endComparison();
    box?.focus(); // the button is gone
  }

  /** Charts can be drawn. */
  useCharts(Chart) {
    this.Chart = Chart;
    this.build();
  }

  /** Takes the tags that the view compares. */
  choose() {
    for (const [name, { parts }] of this.cards) parts.compare.checked = view.compare.includes(name);
    const names = view.compare.filter((name) => this.cards.has(name));
    panel.hidden = names.length === 0;
    setAttribute(panel, "data-count", String(names.length));
    setText(
      hint,
      names.length === 1
        ? `${names[0]} is chosen: choose up to ${settings.mostCompared - 1} more by the boxes on their cards.`
        : "",
    );
    if (names.join() === this.lines.map(({ tag }) => tag.name).join()) return;
    for (const { layers } of this.lines) layers.history.leave();
    this.lines = names.map((name) => this.lineOf(name));
    list.replaceChildren(...this.lines.map(({ node }) => node));
    this.build();
  }

  lineOf(name) {
    const tag = tagOf(name);
    const { series } = this.cards.get(name);
    return { tag, series, layers: new TagLayers(tag, series, this.onArrival), node: document.createElement("li") };
  }

  /** Makes the chart, or makes it anew in the theme of now. */
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

  /** Draws what is shown; see Card.showRange. */
  show(shown, { aheadMs }) {
    if (!this.overlay) return;
    for (const { layers } of this.lines) layers.choose(shown, { width: canvas.clientWidth, aheadMs });
    const drawn = this.lines.map(({ layers }) =>
      layers.isMissing(shown.range) && layers.history.isLoading ? null : layers.layer,
    );
    this.overlay.draw(drawn, this.eventsOf(shown.range), shown.range);
    setAttribute(canvas, "aria-label", `Chart of ${this.lines.map(({ tag }) => tag.name).join(", ")}, ${shown.label}.`);
    this.showPointed();
  }

  eventsOf(range) {
    const events = this.lines.flatMap(({ tag, layers }) => eventsOver(tag.name, range, layers.layer?.events));
    return events.sort((one, other) => one.start - other.start);
  }

  /** Each line's value at the moment that is pointed at, or its newest. */
  showPointed() {
    if (!this.overlay) return;
    const at = pointedAt();
    this.cursor.show(this.overlay.chart, at);
    for (const line of this.lines)
      setText(line.node.lastElementChild, at === null ? newestText(line) : textAt(line, at));
  }

  /** By the arrow keys from measurement to measurement. */
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
    answer(`${momentText(next)}: ${this.lines.map((line) => `${line.tag.name} ${textAt(line, next)}`).join(", ")}`);
  }
}

const textAt = ({ tag, layers }, at) => momentValueText(tag, layers.layer?.at(at));

function newestText({ tag, series }) {
  const latest = series.latestAt(serverNow());
  return latest ? withUnit(tag, valueText(tag, latest.y)) : "no data yet";
}

/** A piece of the line as it is drawn. */
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

function named(tag, i) {
  const [name, axis, value] = ["span", "span", "b"].map((kind) => document.createElement(kind));
  name.textContent = tag.name;
  axis.textContent = i % 2 ? "right axis" : "left axis";
  axis.className = "axis";
  return [name, axis, value];
}
