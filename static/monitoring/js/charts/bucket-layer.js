// Intervals of measurements on a chart: mean, lowest to highest, and the number of anomalies.
import { isHeld } from "../base/kinds.js";
import { firstIndex } from "../base/search.js";
import { gapMs, lineAndLone } from "./downsample.js";
import { clustered, within } from "./marks.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("./raw-layer.js").DrawnPoint} DrawnPoint
 *
 * The response of /trend: columns with one item an interval; times are epoch milliseconds.
 * @typedef {{resolution_s: number, t: number[], mean: number[], min: number[], max: number[], min_t: number[],
 *   max_t: number[], count: number[], anomalies: number[]}} Trend
 *
 * An interval; (x, y) is on the line of the means.
 * @typedef {{x: number, y: number, start: number, end: number, low: number, high: number, lowAt: number,
 *   highAt: number, count: number, anomalies: number}} Bucket
 *
 * The marker of one or several intervals with anomalies; `off` is the distance from the mean.
 * @typedef {import("./marks.js").Cluster} IntervalMark
 */

const GAP_STEPS = 1.5;

export class BucketLayer {
  /** @type {undefined} a layer of single measurements has points */
  points;
  /** @type {import("../live/events.js").PlantEvent[] | undefined} the events of the layer's time, if read with it */
  events;

  /**
   * @param {Tag} tag
   * @param {Trend} trend
   * @param {TimeRange} chunk the time that the intervals cover
   */
  constructor(tag, trend, { from, to }) {
    this.tag = tag;
    this.from = from;
    this.to = to;
    /** The length of an interval in milliseconds. */
    this.stepMs = trend.resolution_s * 1000;
    /** Intervals whose starts are further apart, in milliseconds, are not connected by a line. */
    this.gap = isHeld(tag) ? Infinity : gapMs(trend.t, GAP_STEPS * this.stepMs);
    /** @type {Bucket[]} ascending in time */
    this.buckets = trend.t.map((_, i) => bucketOf(trend, i, this.stepMs));
  }

  /**
   * Return the intervals of a range with a neighbour on either side, so that lines reach the edges.
   * @param {number} from
   * @param {number} to
   */
  between(from, to) {
    const { buckets } = this;
    const start = firstIndex(buckets.length, (i) => buckets[i].end <= from);
    const end = firstIndex(buckets.length, (i) => buckets[i].start <= to);
    return buckets.slice(Math.max(0, start - 1), end + 1);
  }

  /**
   * Return the points to draw.
   * @param {TimeRange} range
   * @param {number} width of the chart in pixels
   * @param {number} [markPx] distance of two markers in pixels
   * @returns {import("./raw-layer.js").Outline}
   */
  outline({ from, to }, width, markPx) {
    const buckets = this.between(from, to);
    const { line, lone } = lineAndLone(buckets, this.gap);
    /** @param {"low" | "high"} name */
    const edges = (name) => line.flatMap((bucket) => ("start" in bucket ? stepOf(bucket, name) : [bucket]));
    const { marks, lasting } = clustered(this.anomalous(buckets, { from, to }), (to - from) / width, markPx);
    return { line, lone, marks, lasting: within(line, lasting), high: edges("high"), low: edges("low") };
  }

  /**
   * Return the intervals whose worst anomaly lies in a range.
   * @param {Bucket[]} buckets
   * @param {TimeRange} range
   * @returns {import("./marks.js").Anomalous[]}
   */
  anomalous(buckets, { from, to }) {
    return buckets.flatMap((bucket, i) => {
      if (!bucket.anomalies) return [];
      const { start, end, low, high, anomalies, count } = bucket;
      const worst = this.worst(bucket);
      if (worst.x < from || worst.x > to) return [];
      const isLasting = 2 * anomalies > count;
      const isNext = i > 0 && buckets[i - 1].anomalies > 0 && start - buckets[i - 1].start <= this.gap;
      return [{ start, end, low, high, anomalies, ...worst, isLasting, isNext }];
    });
  }

  /**
   * Return the extreme of an interval that is most likely an anomaly: one that violates a limit, else the one that is
   * further from the mean.
   * @param {Bucket} bucket
   */
  worst({ low, high, lowAt, highAt, y }) {
    const { lower, upper } = this.tag;
    const top = { x: highAt, y: high, off: high - y };
    const bottom = { x: lowAt, y: low, off: y - low };
    if (upper !== null && high > upper) return top;
    if (lower !== null && low < lower) return bottom;
    return top.off >= bottom.off ? top : bottom;
  }

  /**
   * Return extremes and anomalies of a range; null if nothing was measured.
   * @param {TimeRange} range
   * @returns {import("./raw-layer.js").RangeSummary | null}
   */
  summary({ from, to }) {
    const buckets = this.buckets.filter(({ x }) => x >= from && x <= to);
    if (!buckets.length) return null;
    return {
      low: buckets.reduce((low, bucket) => Math.min(low, bucket.low), Infinity),
      high: buckets.reduce((high, bucket) => Math.max(high, bucket.high), -Infinity),
      anomalies: buckets.reduce((sum, bucket) => sum + bucket.anomalies, 0),
    };
  }

  /**
   * Return the values of the interval at a moment; null in a gap.
   * @param {number} moment epoch milliseconds
   * @returns {import("./raw-layer.js").ValueAt | null}
   */
  at(moment) {
    const last = this.buckets[firstIndex(this.buckets.length, (i) => this.buckets[i].start <= moment) - 1];
    return last && moment < last.end ? { value: last.y, low: last.low, high: last.high } : null;
  }

  /**
   * Return the start of the interval before (-1) or after (1) a moment; null if there is none.
   * @param {number} moment epoch milliseconds
   * @param {number} direction
   * @returns {number | null}
   */
  next(moment, direction) {
    const { buckets } = this;
    const index =
      direction > 0
        ? firstIndex(buckets.length, (i) => buckets[i].start <= moment)
        : firstIndex(buckets.length, (i) => buckets[i].start < moment) - 1;
    return buckets[index]?.start ?? null;
  }
}

/**
 * Return the i-th interval of a trend.
 * @param {Trend} trend
 * @param {number} i
 * @param {number} stepMs
 * @returns {Bucket}
 */
function bucketOf(trend, i, stepMs) {
  return {
    x: trend.t[i] + stepMs / 2,
    y: trend.mean[i],
    start: trend.t[i],
    end: trend.t[i] + stepMs,
    low: trend.min[i],
    high: trend.max[i],
    lowAt: trend.min_t[i],
    highAt: trend.max_t[i],
    count: trend.count[i],
    anomalies: trend.anomalies[i],
  };
}

/**
 * Return an edge of an interval's band, as long as the interval: a lone interval is a bar.
 * @type {(bucket: Bucket, name: "low" | "high") => DrawnPoint[]}
 */
const stepOf = ({ start, end, ...bucket }, name) => [start, end].map((x) => ({ x, y: bucket[name] }));
