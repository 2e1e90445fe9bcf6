// The last minutes of a tag as a small line beside its value: SVG, so that it needs no library and follows the theme.
import { setAttribute } from "../base/dom.js";
import { heldMs, isHeld } from "../base/kinds.js";
import { RawLayer } from "./raw-layer.js";
import { LIVE_MS } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {import("../live/series.js").Point} Point
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 *
 * A function from a point in time and value to pixels.
 * @typedef {(point: DrawnPoint) => DrawnPoint} ToPixels
 */

const EVERY_MS = 1000;
const CALM = 0.1; // of the distance of the limits: smaller noise is not scaled up to the full height
const LEAST_PX = 6; // length of an event that has just begun
const MARKS = { share: 0.085, least: 3, most: 8 }; // size in shares of the height, limits in pixels
const MARK_SIZES = 3; // distance of two triangles in their sizes
const SVG = "http://www.w3.org/2000/svg";
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) sparklines.get(target)?.resize(contentRect);
});
/** @type {WeakMap<Element, Sparkline>} */
const sparklines = new WeakMap();

export class Sparkline {
  width = 0;
  height = 0;
  drawnAt = -Infinity;
  /** The time of the first point when drawn last. */
  oldest = Infinity;
  /** @type {Point[]} */
  points = [];
  /** @type {PlantEvent[]} open events */
  events = [];
  /** Epoch milliseconds. */
  now = 0;

  /**
   * @param {Element} svg
   * @param {import("../base/settings.js").Tag} tag
   */
  constructor(svg, tag) {
    this.tag = tag;
    const kinds = ["bound", "event", "trace", "lasting", "marks", "newest"];
    /** @type {Record<string, Element>} */
    this.paths = Object.fromEntries(kinds.map((kind) => [kind, svg.appendChild(path(kind))]));
    sparklines.set(svg, this);
    sizes.observe(svg);
  }

  /** @param {{width: number, height: number}} size */
  resize({ width, height }) {
    Object.assign(this, { width, height });
    this.draw();
  }

  /**
   * Show the points up to now and the open events: about once a second, and at once when earlier points were read or an
   * event has begun or ended.
   * @param {Point[]} points
   * @param {number} now epoch milliseconds
   * @param {PlantEvent[]} events
   */
  show(points, now, events) {
    const hasChanged = events !== this.events;
    Object.assign(this, { points, now, events });
    if (hasChanged || performance.now() - this.drawnAt >= EVERY_MS || points[0]?.x < this.oldest) this.draw();
  }

  draw() {
    if (!this.width || !this.points.length) return;
    this.drawnAt = performance.now();
    this.oldest = this.points[0].x;
    const range = { from: this.now - LIVE_MS, to: this.now };
    const layer = new RawLayer(this.points, range, heldMs(this.tag));
    const { line, marks, lasting } = layer.outline(range, this.width, MARK_SIZES * this.mark);
    const visible = line.filter(({ x }) => x >= range.from);
    const toPixels = this.projection(
      visible.filter(({ y }) => !Number.isNaN(y)),
      range,
    );
    if (!toPixels) return this.clear();
    const { lower, upper } = this.tag;
    this.write("trace", trace(visible, toPixels, isHeld(this.tag)));
    this.write("lasting", trace(lasting, toPixels, isHeld(this.tag)));
    this.write("marks", marks.map((mark) => triangle(toPixels(mark), this.mark)).join(""));
    this.write(
      "bound",
      [lower, upper].map((limit) => this.level(toPixels({ x: range.from, y: limit ?? NaN }).y)).join(""),
    );
    this.write("event", this.span(range));
    this.write("newest", dot(toPixels(this.points[this.points.length - 1])));
  }

  /**
   * Return the function from points to pixels; null without points.
   * @param {DrawnPoint[]} points
   * @param {TimeRange} range
   * @returns {ToPixels | null}
   */
  projection(points, { from, to }) {
    if (!points.length) return null;
    const values = points.map(({ y }) => y);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const { lower, upper } = this.tag;
    const least = lower !== null && upper !== null ? (upper - lower) * CALM : 0;
    const span = Math.max(high - low, least) || 1;
    const below = (1 - (high - low) / span) / 2; // from differences: the sum of huge values is inexact
    const { mark } = this;
    const room = this.height - 2 * mark;
    return ({ x, y }) => ({
      x: ((x - from) / (to - from)) * (this.width - mark),
      y: mark + room * (1 - below - (y - low) / span),
    });
  }

  /** The size of an anomaly's triangle in pixels. */
  get mark() {
    return Math.min(MARKS.most, Math.max(MARKS.least, this.height * MARKS.share));
  }

  /**
   * Return a line at the bottom from the start of the oldest open event until now, with a tick at a visible start.
   * @param {TimeRange} range
   */
  span({ from, to }) {
    const start = Math.min(...this.events.map((event) => event.start));
    if (start === Infinity) return "";
    const x = Math.min(this.width - LEAST_PX, Math.max(0, ((start - from) / (to - from)) * (this.width - this.mark)));
    const y = this.height - 1;
    return `M${text(x)} ${text(y)}H${text(this.width)}${start > from ? `M${text(x)} ${text(y + 1.5)}v-7` : ""}`;
  }

  /** @param {number} y pixels, NaN for none */
  level(y) {
    return y >= 0 && y <= this.height ? `M0 ${text(y)}H${text(this.width)}` : "";
  }

  clear() {
    for (const kind of Object.keys(this.paths)) this.write(kind, "");
  }

  /** @type {(kind: string, d: string) => void} */
  write(kind, d) {
    setAttribute(this.paths[kind], "d", d);
  }
}

/** @param {string} kind */
function path(kind) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("class", kind);
  return node;
}

/** @param {number} pixels */
const text = (pixels) => pixels.toFixed(1);

/**
 * Return the path of a line, which begins again after each break.
 * @param {DrawnPoint[]} line
 * @param {ToPixels} toPixels
 * @param {boolean} isStepped
 */
function trace(line, toPixels, isStepped) {
  let command = "M";
  return line
    .map((point) => {
      const { x, y } = toPixels(point);
      const across = isStepped && command === "L" && !Number.isNaN(y) ? `H${text(x)}` : "";
      const step = Number.isNaN(y) ? "" : `${across}${command}${text(x)} ${text(y)}`;
      command = Number.isNaN(y) ? "M" : "L";
      return step;
    })
    .join("");
}

/** @type {(point: DrawnPoint, size: number) => string} */
const triangle = ({ x, y }, size) =>
  `M${text(x)} ${text(y - size)}l${text(size)} ${text(1.8 * size)}h${text(-2 * size)}z`;

/** @param {DrawnPoint} point */
const dot = ({ x, y }) => `M${text(x)} ${text(y)}h0`;
