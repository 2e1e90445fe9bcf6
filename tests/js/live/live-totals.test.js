import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveTotals } from "../../../static/monitoring/js/live/live-totals.js";

const counted = (measurements, anomalies, newestId) => ({ measurements, anomalies, newestId });
const items = (...ids) => ids.map((id) => ({ id, is_anomaly: id % 10 === 0 }));

test("without the server's count there are no totals, whatever the stream brings", () => {
  const tally = new LiveTotals(null);
  tally.add(items(1, 2));
  assert.equal(tally.totals, null);
});

test("the stream counts on from where the server has counted to", () => {
  const tally = new LiveTotals(counted(100, 5, 8));
  tally.add(items(7, 8, 9, 10));
  assert.deepEqual(tally.totals, { measurements: 102, anomalies: 6 });
});

test("each measurement counts once", () => {
  const tally = new LiveTotals(counted(0, 0, 0));
  tally.add(items(1, 2, 3));
  tally.add(items(2, 3, 4));
  assert.deepEqual(tally.totals, { measurements: 4, anomalies: 0 });
});

test("a count that was under way does not lose what came meanwhile", () => {
  const tally = new LiveTotals(counted(0, 0, 0));
  tally.add(items(1, 2, 3, 10));
  tally.correct(counted(2, 0, 2));
  assert.deepEqual(tally.totals, { measurements: 4, anomalies: 1 });
  tally.correct(counted(4, 1, 10));
  assert.deepEqual(tally.totals, { measurements: 4, anomalies: 1 });
});

test("another database, whose ids begin anew, is counted anew", () => {
  const tally = new LiveTotals(counted(50, 5, 50));
  tally.add(items(51, 52));
  tally.correct(counted(1, 0, 1));
  assert.deepEqual(tally.totals, { measurements: 1, anomalies: 0 });
  tally.add(items(2));
  assert.deepEqual(tally.totals, { measurements: 2, anomalies: 0 });
});
