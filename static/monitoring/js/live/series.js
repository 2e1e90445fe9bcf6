// The measurements of one tag, in order of time and bounded in number.
import { firstPlace } from "../base/search.js";
import { AHEAD_MS } from "../base/settings.js";

const MOST = 60000;
const inTime = (one, other) => one.x - other.x || one.id - other.id;

/**
 * A measurement on a chart: `x` in epoch milliseconds, `us` the microseconds beyond, `y` in the tag's
 * unit.
 * @typedef {{x: number, us: number, y: number, anomaly: boolean, id: number}} Point
 */

export class Series {
  /** @type {Point[]} ascending by x, then by id */
  points = [];

  /** The newest that is not ahead of time; null if there is none. */
  latestAt(now) {
    return this.points[this.countAt(now) - 1] ?? null;
  }

  /** Those that are not ahead of time. */
  pointsAt(now) {
    const count = this.countAt(now);
    return count === this.points.length ? this.points : this.points.slice(0, count);
  }

  /** {count, ms}: how many are ahead of time, and how far the last of them is. */
  aheadAt(now) {
    const count = this.points.length - this.countAt(now);
    return { count, ms: count ? this.points.at(-1).x - now : 0 };
  }

  countAt(now) {
    return firstPlace(this.points.length, (i) => this.points[i].x <= now + AHEAD_MS);
  }

  /**
   * Takes in measurements of which some may be known; whether an anomaly is new.
   * @param {import("../base/settings.js").Measurement[]} items
   */
  merge(items) {
    let foundAnomaly = false;
    const fresh = new Map(); // by id: a page may repeat what another had
    for (const { id, timestamp, value, is_anomaly: anomaly } of items) {
      const point = { x: Date.parse(timestamp), us: Number(timestamp.slice(23, 26)) || 0, y: value, anomaly, id };
      const place = this.placeOf(point);
      const known = this.points[place]?.id === id ? this.points[place] : null;
      foundAnomaly ||= anomaly && !known?.anomaly;
      if (known) known.anomaly = anomaly;
      else fresh.set(id, point);
    }
    if (fresh.size) this.insert([...fresh.values()].sort(inTime));
    return foundAnomaly;
  }

  /** Puts points in order into those that are there: the usual ones behind them. */
  insert(fresh) {
    const later = this.points.splice(this.placeOf(fresh[0]));
    let next = 0;
    for (const point of fresh) {
      while (next < later.length && inTime(later[next], point) < 0) this.append(later[next++]);
      this.append(point);
    }
    while (next < later.length) this.append(later[next++]);
  }

  /** Adds a point at the end. One of the same time has a lower id: its value was replaced. */
  append(point) {
    const last = this.points.at(-1);
    if (last?.x === point.x && last.us === point.us) this.points.pop();
    this.points.push(point);
  }

  /** Where the point is, or belongs: the first place whose (x, id) is not smaller. */
  placeOf({ x, id }) {
    return firstPlace(this.points.length, (i) => {
      const other = this.points[i];
      return other.x < x || (other.x === x && other.id < id);
    });
  }

  /** Forgets what is older, except the newest that is not ahead of time: that is still the tag's value. */
  trim(before, now) {
    const old = this.placeOf({ x: before, id: -1 });
    const last = (this.countAt(now) || this.points.length) - 1;
    const count = Math.min(Math.max(old, this.points.length - MOST), last);
    if (count > 0) this.points.splice(0, count);
  }
}
