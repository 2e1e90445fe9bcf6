// The measurements of one tag, in order of time and limited in number.
import { firstIndex } from "../base/search.js";
import { AHEAD_MS } from "../base/settings.js";

/**
 * A measurement on a chart: `x` in epoch milliseconds, `us` the microseconds beyond, `y` in the tag's unit.
 * @typedef {{x: number, us: number, y: number, anomaly: boolean, id: number}} Point
 */

const MOST = 60000;
/** @type {(one: Point, other: Point) => number} */
const inTime = (one, other) => one.x - other.x || one.id - other.id;

export class Series {
  /** @type {Point[]} ascending by x, then by id */
  points = [];

  /**
   * Return the newest point that is not ahead of time; null if there is none.
   * @param {number} now epoch milliseconds
   */
  latestAt(now) {
    return this.points[this.countAt(now) - 1] ?? null;
  }

  /**
   * Return the points that are not ahead of time.
   * @param {number} now epoch milliseconds
   */
  pointsAt(now) {
    const count = this.countAt(now);
    return count === this.points.length ? this.points : this.points.slice(0, count);
  }

  /**
   * Return how many points are ahead of time, and by how many milliseconds the last of them is.
   * @param {number} now epoch milliseconds
   */
  aheadAt(now) {
    const count = this.points.length - this.countAt(now);
    return { count, ms: count ? this.points[this.points.length - 1].x - now : 0 };
  }

  /** @param {number} now epoch milliseconds */
  countAt(now) {
    return firstIndex(this.points.length, (i) => this.points[i].x <= now + AHEAD_MS);
  }

  /**
   * Merge measurements, some of which may be known. Return whether an anomaly is new.
   * @param {import("../base/settings.js").Measurement[]} items
   */
  merge(items) {
    let foundAnomaly = false;
    /** @type {Map<number, Point>} by id: a page may repeat measurements of another */
    const fresh = new Map();
    for (const { id, timestamp, value, is_anomaly: anomaly } of items) {
      const point = { x: Date.parse(timestamp), us: Number(timestamp.slice(23, 26)) || 0, y: value, anomaly, id };
      const index = this.indexOf(point);
      const known = this.points[index]?.id === id ? this.points[index] : null;
      foundAnomaly ||= anomaly && !known?.anomaly;
      if (known) known.anomaly = anomaly;
      else fresh.set(id, point);
    }
    if (fresh.size) this.insert([...fresh.values()].sort(inTime));
    return foundAnomaly;
  }

  /**
   * Insert points that are in order of time. Usually all of them belong at the end.
   * @param {Point[]} fresh at least one
   */
  insert(fresh) {
    const later = this.points.splice(this.indexOf(fresh[0]));
    let next = 0;
    for (const point of fresh) {
      while (next < later.length && inTime(later[next], point) < 0) this.append(later[next++]);
      this.append(point);
    }
    while (next < later.length) this.append(later[next++]);
  }

  /**
   * Add a point at the end. A point with the same time and a lower id is removed: its value was replaced.
   * @param {Point} point
   */
  append(point) {
    const last = this.points.at(-1);
    if (last?.x === point.x && last.us === point.us) this.points.pop();
    this.points.push(point);
  }

  /**
   * Return the index at which the point is or belongs: the first with an (x, id) that is not smaller.
   * @param {{x: number, id: number}} point
   */
  indexOf({ x, id }) {
    return firstIndex(this.points.length, (i) => {
      const other = this.points[i];
      return other.x < x || (other.x === x && other.id < id);
    });
  }

  /**
   * Remove older points, except the newest that is not ahead of time, which is the tag's current value.
   * @param {number} before epoch milliseconds
   * @param {number} now epoch milliseconds
   */
  trim(before, now) {
    const old = this.indexOf({ x: before, id: -1 });
    const last = (this.countAt(now) || this.points.length) - 1;
    const count = Math.min(Math.max(old, this.points.length - MOST), last);
    if (count > 0) this.points.splice(0, count);
  }
}
