// Single measurements on a chart. A layer of intervals (bucket-layer.js) has the same methods.
import { firstIndex } from "../base/search.js";
import { gapMs, lineAndLone, thinned } from "./downsample.js";
import { clustered, within } from "./marks.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("../live/series.js").Point} Point
 *
 * A point of a line: x in epoch milliseconds, y in the tag's unit, NaN where the line breaks.
 * @typedef {{x: number, y: number}} DrawnPoint
 *
 * The marker of an anomaly, or of several close together.
 * @typedef {Point | import("./bucket-layer.js").IntervalMark} Mark
 *
 * The points to draw: the line, the points that no line touches, the markers of anomalies, the parts of the line where a
 * violation lasts, and the edges of the intervals' band.
 * @typedef {{line: DrawnPoint[], lone: DrawnPoint[], marks: Mark[], lasting: DrawnPoint[], high: DrawnPoint[],
 *   low: DrawnPoint[]}} Outline
 *
 * @typedef {{low: number, high: number, anomalies: number}} RangeSummary
 *
 * A measurement, or the mean and the extremes of an interval.
 * @typedef {{value: number, low?: number, high?: number}} ValueAt
 *
 * @typedef {RawLayer | import("./bucket-layer.js").BucketLayer} Layer
 */

const GAP_MS = 5000; // at least, however fast the readings come

export class RawLayer {
  /** @type {undefined} a layer of intervals has buckets */
  buckets;
  /** @type {undefined} a layer of intervals has a step */
  stepMs;
  /** @type {import("../live/events.js").PlantEvent[] | undefined} the events of the layer's time, if read with it */
  events;

  /**
   * @param {Point[]} points ascending in time
   * @param {TimeRange} chunk the time that the points cover
   * @param {number} [heldMs] if not 0, a value holds until the next one, however long that takes, and the last value for
   *   so many milliseconds
   */
  constructor(points, { from, to }, heldMs = 0) {
    this.points = points;
    this.from = from;
    this.to = to;
    /** Points that are further apart, in milliseconds, are not connected by a line. */
    this.heldMs = heldMs;
    this.gap = heldMs
      ? Infinity
      : gapMs(
          points.map(({ x }) => x),
          GAP_MS,
        );
  }

  /**
   * Return the points of a range with a neighbour on either side, so that lines reach the edges.
   * @param {number} from
   * @param {number} to
   */
  between(from, to) {
    const { points } = this;
    const start = firstIndex(points.length, (i) => points[i].x < from);
    const end = firstIndex(points.length, (i) => points[i].x <= to);
    return points.slice(Math.max(0, start - 1), end + 1);
  }

  /**
   * Return the points to draw.
   * @param {TimeRange} range
   * @param {number} width of the chart in pixels
   * @param {number} [markPx] distance of two markers in pixels
   * @returns {Outline}
   */
  outline({ from, to }, width, markPx) {
    const points = this.between(from, to);
    /** @param {DrawnPoint} point */
    const isInside = ({ x }) => x >= from && x <= to;
    const { line, lone } = lineAndLone(points, this.gap);
    const kept = points.length > 2 * width ? thinned(line, Math.max(1, Math.round((to - from) / width))) : line;
    const { marks, lasting } = clustered(this.anomalous(points.filter(isInside)), (to - from) / width, markPx);
    return {
      line: kept,
      lone: lone.filter(isInside),
      marks: marks.map((mark) => (mark.anomalies === 1 && mark.point ? mark.point : mark)),
      lasting: within(kept, lasting),
      high: [],
      low: [],
    };
  }

  /**
   * Return the anomalies among the points. The worst is the one that is furthest from the mean of the others.
   * @param {Point[]} points
   * @returns {(import("./marks.js").Anomalous & {point: Point})[]}
   */
  anomalous(points) {
    if (!points.some(({ anomaly }) => anomaly)) return [];
    const normal = points.filter(({ anomaly }) => !anomaly);
    const usual = normal.length ? normal : points;
    const mean = usual.reduce((sum, { y }) => sum + y / usual.length, 0);
    return points.flatMap((point, i) => {
      const { x, y, anomaly } = point;
      if (!anomaly) return [];
      const isNext = i > 0 && points[i - 1].anomaly && x - points[i - 1].x <= this.gap;
      const span = { start: x, end: x, low: y, high: y };
      return [{ x, y, ...span, anomalies: 1, off: Math.abs(y - mean), isLasting: true, isNext, point }];
    });
  }

  /**
   * Return extremes and anomalies of a range; null if nothing was measured.
   * @param {TimeRange} range
   * @returns {RangeSummary | null}
   */
  summary({ from, to }) {
    const before = firstIndex(this.points.length, (i) => this.points[i].x < from) - 1;
    const points = this.between(from, to).filter(({ x }) => x >= from && x <= to);
    if (this.heldMs && before >= 0 && this.holds(before, from)) points.unshift(this.points[before]);
    if (!points.length) return null;
    const summary = { low: Infinity, high: -Infinity, anomalies: 0 };
    for (const { y, anomaly } of points) {
      summary.low = Math.min(summary.low, y);
      summary.high = Math.max(summary.high, y);
      summary.anomalies += Number(anomaly);
    }
    return summary;
  }

  /**
   * Return the last measurement up to a moment; null in a gap.
   * @param {number} moment epoch milliseconds
   * @returns {ValueAt | null}
   */
  at(moment) {
    const index = firstIndex(this.points.length, (i) => this.points[i].x <= moment) - 1;
    return index >= 0 && this.holds(index, moment) ? { value: this.points[index].y } : null;
  }

  /**
   * Return whether a point, the last one up to a moment, still counts then.
   * @param {number} index
   * @param {number} moment epoch milliseconds
   */
  holds(index, moment) {
    const isLast = index === this.points.length - 1;
    return moment - this.points[index].x <= (this.heldMs && isLast ? this.heldMs : this.gap);
  }

  /**
   * Return the time of the measurement before (-1) or after (1) a moment; null if there is none.
   * @param {number} moment epoch milliseconds
   * @param {number} direction
   * @returns {number | null}
   */
  next(moment, direction) {
    const index =
      direction > 0
        ? firstIndex(this.points.length, (i) => this.points[i].x <= moment)
        : firstIndex(this.points.length, (i) => this.points[i].x < moment) - 1;
    return this.points[index]?.x ?? null;
  }
}
