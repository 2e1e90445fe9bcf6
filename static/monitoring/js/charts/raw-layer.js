// Single measurements as a chart shows them. A bucket layer answers the same questions.
import { firstPlace } from "../base/search.js";
import { gapMs, lineAndLone, thinned } from "./trace.js";

const GAP_MS = 5000; // at least, however fast the readings come

export class RawLayer {
  /** @type {import("../live/series.js").Point[]} */
  points;
  /** @type {number} epoch milliseconds */
  from;
  /** @type {number} epoch milliseconds */
  to;
  /** @type {number} milliseconds between two measurements that no line connects */
  gap;
  /** @type {undefined} intervals have them */
  buckets;
  /** @type {undefined} intervals have one */
  stepMs;
  /** @type {import("../live/events.js").PlantEvent[] | undefined} of its time, if they were read with it */
  events;

  /** `points` as in a series; `chunk` {from, to} is the time that they are all of. */
  constructor(points, { from, to }) {
    Object.assign(this, {
      points,
      from,
      to,
      gap: gapMs(
        points.map(({ x }) => x),
        GAP_MS,
      ),
    });
  }

  /** The points of a range, with the neighbour on either side so that lines reach the edge. */
  between(from, to) {
    const { points } = this;
    const start = firstPlace(points.length, (i) => points[i].x < from);
    const end = firstPlace(points.length, (i) => points[i].x <= to);
    return points.slice(Math.max(0, start - 1), end + 1);
  }

  /** What is drawn: lines of {x, y} with NaN at a break, and the anomalies. */
  outline({ from, to }, width) {
    const points = this.between(from, to);
    const inside = ({ x }) => x >= from && x <= to;
    const { line, lone } = lineAndLone(points, this.gap);
    const kept = points.length > 2 * width ? thinned(line, Math.max(1, Math.round((to - from) / width))) : line;
    return {
      line: kept,
      lone: lone.filter(inside),
      marks: points.filter((point) => point.anomaly && inside(point)),
      high: [],
      low: [],
    };
  }

  /** {low, high, anomalies} of the range; null if nothing was measured. */
  summary({ from, to }) {
    const points = this.between(from, to).filter(({ x }) => x >= from && x <= to);
    if (!points.length) return null;
    const summary = { low: Infinity, high: -Infinity, anomalies: 0 };
    for (const { y, anomaly } of points) {
      summary.low = Math.min(summary.low, y);
      summary.high = Math.max(summary.high, y);
      summary.anomalies += Number(anomaly);
    }
    return summary;
  }

  /** What was measured at a moment: the last measurement up to it, null in a gap. */
  at(moment) {
    const last = this.points[firstPlace(this.points.length, (i) => this.points[i].x <= moment) - 1];
    return last && moment - last.x <= this.gap ? { value: last.y } : null;
  }

  /** The time of the measurement before (-1) or after (1) a moment, null if there is none. */
  next(moment, direction) {
    const place =
      direction > 0
        ? firstPlace(this.points.length, (i) => this.points[i].x <= moment)
        : firstPlace(this.points.length, (i) => this.points[i].x < moment) - 1;
    return this.points[place]?.x ?? null;
  }
}
