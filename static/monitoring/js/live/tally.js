// The totals, counted on by the stream from where the server has counted to.
const MOST = 10000;

export class Tally {
  /** @type {{measurements: number, anomalies: number} | null} */
  totals = null;
  countedTo = 0; // by the server, as an id
  newestId = 0; // by both
  later = []; // what the stream brought of late: a count that was under way may not have it

  /** `counted`: {measurements, anomalies, newestId}, or null if the server could not count. */
  constructor(counted) {
    if (counted) this.take(counted);
  }

  /** Takes what the server has counted, and adds what came after that. */
  take(counted) {
    if (counted.newestId < this.countedTo) this.later = []; // another database: its ids begin anew
    this.countedTo = this.newestId = counted.newestId;
    this.totals = { measurements: counted.measurements, anomalies: counted.anomalies };
    const { later } = this;
    this.later = [];
    this.add(later);
  }

  /** Counts measurements as the stream brings them: each once, in the order of their ids. */
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
