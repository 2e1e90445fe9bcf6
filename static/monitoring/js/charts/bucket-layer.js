// Intervals of measurements as a chart shows them: mean, lowest to highest, and how many anomalies.
import { firstPlace } from "../base/search.js";
import { gapMs, lineAndLone } from "./trace.js";

const GAP_STEPS = 1.5;
const MARK_PX = 18; // triangles closer than this would cover each other: they become one

export class BucketLayer {
  /** @type {import("../base/settings.js").Tag} */
  tag;
  /** @type {number} epoch milliseconds */
  from;
  /** @type {number} epoch milliseconds */
  to;
  /** @type {number} the length of an interval in milliseconds */
  stepMs;
  /** @type {number} milliseconds between two intervals' beginnings that no line connects */
  gap;
  /** @type {ReturnType<typeof bucketOf>[]} ascending in time */
  buckets;
  /** @type {undefined} single measurements are points */
  points;
  /** @type {import("../live/events.js").PlantEvent[] | undefined} of its time, if they were read with it */
  events;

  /** `answer` as /trend gives it; `chunk` {from, to} is the time that it is all of. */
  constructor(tag, answer, { from, to }) {
    const stepMs = answer.resolution_s * 1000;
    const gap = gapMs(answer.t, GAP_STEPS * stepMs);
    const buckets = answer.t.map((_, i) => bucketOf(answer, i, stepMs));
    Object.assign(this, { tag, from, to, stepMs, gap, buckets });
  }

  /** The buckets of a range, with the neighbour on either side so that lines reach the edge. */
  between(from, to) {
    const { buckets } = this;
    const start = firstPlace(buckets.length, (i) => buckets[i].end <= from);
    const end = firstPlace(buckets.length, (i) => buckets[i].start <= to);
    return buckets.slice(Math.max(0, start - 1), end + 1);
  }

  /** What is drawn: lines of {x, y} with NaN at a break, and the buckets' anomalies. */
  outline({ from, to }, width) {
    const buckets = this.between(from, to);
    const { line, lone } = lineAndLone(buckets, this.gap);
    const edges = (name) => line.flatMap((bucket) => (Number.isNaN(bucket.y) ? [bucket] : stepOf(bucket, name)));
    const slotMs = this.stepMs * Math.max(1, Math.ceil(((MARK_PX / width) * (to - from)) / this.stepMs));
    const marks = this.marks(buckets, slotMs).filter(({ x }) => x >= from && x <= to);
    return { line, lone, marks, high: edges("high"), low: edges("low") };
  }

  /** One mark for all buckets with anomalies that lie in the same slot of time. */
  marks(buckets, slotMs) {
    const marks = [];
    let slot = null;
    for (const bucket of buckets) {
      if (!bucket.anomalies) continue;
      const place = Math.floor(bucket.start / slotMs);
      if (place === slot) extend(marks.at(-1), bucket, this.worst(bucket));
      else marks.push({ ...bucket, ...this.worst(bucket) });
      slot = place;
    }
    return marks;
  }

  /** The bucket's extreme that an anomaly is most likely to be: outside a limit, else the farther from the mean. */
  worst({ low, high, lowAt, highAt, y }) {
    const { lower, upper } = this.tag;
    const top = { x: highAt, y: high, off: high - y };
    const bottom = { x: lowAt, y: low, off: y - low };
    if (upper !== null && high > upper) return top;
    if (lower !== null && low < lower) return bottom;
    return top.off >= bottom.off ? top : bottom;
  }

  /** {low, high, anomalies} of the range; null if nothing was measured. */
  summary({ from, to }) {
    const buckets = this.buckets.filter(({ x }) => x >= from && x <= to);
    if (!buckets.length) return null;
    return {
      low: buckets.reduce((low, bucket) => Math.min(low, bucket.low), Infinity),
      high: buckets.reduce((high, bucket) => Math.max(high, bucket.high), -Infinity),
      anomalies: buckets.reduce((sum, bucket) => sum + bucket.anomalies, 0),
    };
  }

  /** What was measured at a moment: the bucket that holds it, null in a gap. */
  at(moment) {
    const last = this.buckets[firstPlace(this.buckets.length, (i) => this.buckets[i].start <= moment) - 1];
    return last && moment < last.end ? { value: last.y, low: last.low, high: last.high } : null;
  }

  /** The time of the bucket before (-1) or after (1) a moment, null if there is none. */
  next(moment, direction) {
    const { buckets } = this;
    const place =
      direction > 0
        ? firstPlace(buckets.length, (i) => buckets[i].start <= moment)
        : firstPlace(buckets.length, (i) => buckets[i].start < moment) - 1;
    return buckets[place]?.start ?? null;
  }
}

/** The columns' i-th bucket; x and y are where the line of the means passes. */
function bucketOf(answer, i, stepMs) {
  return {
    x: answer.t[i] + stepMs / 2,
    y: answer.mean[i],
    start: answer.t[i],
    end: answer.t[i] + stepMs,
    low: answer.min[i],
    high: answer.max[i],
    lowAt: answer.min_t[i],
    highAt: answer.max_t[i],
    count: answer.count[i],
    anomalies: answer.anomalies[i],
  };
}

// The band is as wide as what it stands for: a lone bucket is a bar.
const stepOf = ({ start, end, ...bucket }, name) => [start, end].map((x) => ({ x, y: bucket[name] }));

function extend(mark, bucket, worst) {
  mark.end = bucket.end;
  mark.anomalies += bucket.anomalies;
  mark.low = Math.min(mark.low, bucket.low);
  mark.high = Math.max(mark.high, bucket.high);
  if (worst.off > mark.off) Object.assign(mark, worst);
}
