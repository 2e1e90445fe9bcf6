import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveTotals } from "../../../static/monitoring/js/live/live-totals.js";

const counted = (measurements, anomalies, newestId) => ({ measurements, anomalies, newestId });
const items = (...ids) => ids.map((id) => ({ id, is_anomaly: id % 10 === 0 }));

test("without the server's count there are no totals", () => {
  const liveTotals = new LiveTotals(null);
  liveTotals.add(items(1, 2));
  assert.equal(liveTotals.totals, null);
});

test("the stream continues the server's count", () => {
  const liveTotals = new LiveTotals(counted(100, 5, 8));
  liveTotals.add(items(7, 8, 9, 10));
  assert.deepEqual(liveTotals.totals, { measurements: 102, anomalies: 6 });
});

test("each measurement counts once", () => {
  const liveTotals = new LiveTotals(counted(0, 0, 0));
  liveTotals.add(items(1, 2, 3));
  liveTotals.add(items(2, 3, 4));
  assert.deepEqual(liveTotals.totals, { measurements: 4, anomalies: 0 });
});

test("a count in progress does not lose measurements that arrive meanwhile", () => {
  const liveTotals = new LiveTotals(counted(0, 0, 0));
  liveTotals.add(items(1, 2, 3, 10));
  liveTotals.correct(counted(2, 0, 2));
  assert.deepEqual(liveTotals.totals, { measurements: 4, anomalies: 1 });
  liveTotals.correct(counted(4, 1, 10));
  assert.deepEqual(liveTotals.totals, { measurements: 4, anomalies: 1 });
});

test("another database with ids from the beginning is counted again", () => {
  const liveTotals = new LiveTotals(counted(50, 5, 50));
  liveTotals.add(items(51, 52));
  liveTotals.correct(counted(1, 0, 1));
  assert.deepEqual(liveTotals.totals, { measurements: 1, anomalies: 0 });
  liveTotals.add(items(2));
  assert.deepEqual(liveTotals.totals, { measurements: 2, anomalies: 0 });
});
