// The last minutes of a tag as a small line beside its value: drawn as SVG, so it needs no library and knows the theme.
import { setAttribute } from "../base/dom.js";
import { RawLayer } from "./raw-layer.js";
import { LIVE_MS } from "../base/settings.js";

const EVERY_MS = 1000;
const CALM = 0.1; // of the limits' distance: noise within that is not made to fill the height
const LEAST_PX = 6; // of an event that has just begun
const MARKS = { share: 0.085, least: 3, most: 8 }; // of the height, in pixels
const SVG = "http://www.w3.org/2000/svg";
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) sparklines.get(target).resize(contentRect);
});
const sparklines = new WeakMap();

export class Sparkline {
  width = 0;
  height = 0;
  drawnAt = -Infinity;
  oldest = Infinity; // the first point's time, as drawn
  points = [];
  events = []; // that last
  now = 0; // epoch milliseconds
  /** @type {import("../base/settings.js").Tag} */
  tag;

  constructor(svg, tag) {
    Object.assign(this, { svg, tag });
    const kinds = ["bound", "event", "trace", "marks", "newest"];
    this.paths = Object.fromEntries(kinds.map((kind) => [kind, svg.appendChild(path(kind))]));
    sparklines.set(svg, this);
    sizes.observe(svg);
  }

  resize({ width, height }) {
    Object.assign(this, { width, height });
    this.draw();
  }

  /**
   * Shows a series' points up to now, with the `events` that last: about once a second, and at once what was
   * read of the past, or when an event has begun or ended.
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
    const { line, marks } = new RawLayer(this.points, range).outline(range, this.width);
    const place = this.placing(
      line.filter(({ x, y }) => x >= range.from && !Number.isNaN(y)),
      range,
    );
    if (!place) return this.clear();
    const { lower, upper } = this.tag;
    this.write(
      "trace",
      trace(
        line.filter(({ x }) => x >= range.from),
        place,
      ),
    );
    this.write("marks", marks.map((mark) => triangle(place(mark), this.mark)).join(""));
    this.write(
      "bound",
      [lower, upper].map((limit) => this.level(place({ x: range.from, y: limit ?? NaN }).y)).join(""),
    );
    this.write("event", this.span(range));
    this.write("newest", dot(place(this.points.at(-1))));
  }

  /** From {x, y} to pixels; null if there is nothing to place. */
  placing(points, { from, to }) {
    if (!points.length) return null;
    const values = points.map(({ y }) => y);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const { lower, upper } = this.tag;
    const least = lower !== null && upper !== null ? (upper - lower) * CALM : 0;
    const span = Math.max(high - low, least) || 1;
    const bottom = (low + high - span) / 2;
    const { mark } = this;
    const room = this.height - 2 * mark;
    return ({ x, y }) => ({
      x: ((x - from) / (to - from)) * (this.width - mark),
      y: mark + room * (1 - (y - bottom) / span),
    });
  }

  /** How large an anomaly's triangle is, in pixels. */
  get mark() {
    return Math.min(MARKS.most, Math.max(MARKS.least, this.height * MARKS.share));
  }

  /** Under the line, from when the oldest event began until now, with an upright end where that is in sight. */
  span({ from, to }) {
    const start = Math.min(...this.events.map((event) => event.start));
    if (start === Infinity) return "";
    const x = Math.min(this.width - LEAST_PX, Math.max(0, ((start - from) / (to - from)) * (this.width - this.mark)));
    const y = this.height - 1;
    return `M${text(x)} ${text(y)}H${text(this.width)}${start > from ? `M${text(x)} ${text(y + 1.5)}v-7` : ""}`;
  }

  level(y) {
    return y >= 0 && y <= this.height ? `M0 ${text(y)}H${text(this.width)}` : "";
  }

  clear() {
    for (const kind of Object.keys(this.paths)) this.write(kind, "");
  }

  write(kind, d) {
    setAttribute(this.paths[kind], "d", d);
  }
}

function path(kind) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("class", kind);
  return node;
}

const text = (pixels) => pixels.toFixed(1);

/** The line, begun anew behind each break. */
function trace(line, place) {
  let command = "M";
  return line
    .map((point) => {
      const { x, y } = place(point);
      const step = Number.isNaN(y) ? "" : `${command}${text(x)} ${text(y)}`;
      command = Number.isNaN(y) ? "M" : "L";
      return step;
    })
    .join("");
}

const triangle = ({ x, y }, size) =>
  `M${text(x)} ${text(y - size)}l${text(size)} ${text(1.8 * size)}h${text(-2 * size)}z`;

const dot = ({ x, y }) => `M${text(x)} ${text(y)}h0`;
