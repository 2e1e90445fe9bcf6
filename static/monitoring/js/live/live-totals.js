// The totals: the server's count, plus the measurements that the stream has brought since.

/** @typedef {Pick<import("../base/settings.js").Measurement, "id" | "is_anomaly">} CountedItem */

const MOST = 10000;

export class LiveTotals {
  /** @type {import("../base/settings.js").Totals | null} */
  totals = null;
  /** The id up to which the server has counted. */
  countedTo = 0;
  /** The id up to which the totals are counted. */
  newestId = 0;
  /** @type {CountedItem[]} recent measurements of the stream, which a count in progress may lack */
  later = [];

  /** @param {import("../base/settings.js").CountedTotals | null} counted null if the server could not count */
  constructor(counted) {
    if (counted) this.correct(counted);
  }

  /**
   * Replace the totals by the server's count, plus the measurements that came after the count.
   * @param {import("../base/settings.js").CountedTotals} counted
   */
  correct(counted) {
    if (counted.newestId < this.countedTo) this.later = []; // another database, with ids from the beginning
    this.countedTo = this.newestId = counted.newestId;
    this.totals = { measurements: counted.measurements, anomalies: counted.anomalies };
    const { later } = this;
    this.later = [];
    this.add(later);
  }

  /**
   * Count measurements from the stream, in the order of their ids; each is counted once.
   * @param {CountedItem[]} items
   */
  add(items) {
    for (const { id, is_anomaly } of items) {
      if (id <= this.newestId || !this.totals) continue;
      this.newestId = id;
      this.totals.measurements += 1;
      this.totals.anomalies += Number(is_anomaly);
      this.later.push({ id, is_anomaly });
    }
    if (this.later.length > MOST) this.later.splice(0, this.later.length - MOST);
  }
}
