import assert from "node:assert/strict";
import { test } from "node:test";
import { Series } from "../../../static/monitoring/js/live/series.js";

const START = Date.parse("2026-01-31T11:00:00Z");

/** Measurements as /data has them, by their seconds; the ids follow the order of arrival. */
const items = (seconds, firstId = 1) =>
  seconds.map((second, i) => ({
    id: firstId + i,
    tag: "fermenter_temp",
    timestamp: new Date(START + second * 1000).toISOString(),
    value: second,
    is_anomaly: false,
  }));

const seconds = (series) => series.points.map(({ x }) => (x - START) / 1000);

test("a series without measurements has no latest", () => {
  assert.equal(new Series().latestAt(START), null);
});

test("points are in order of time, in whichever order measurements come", () => {
  const series = new Series();
  series.merge(items([3, 1, 2]));
  series.merge(items([2.5, 0, 5, 4], 10));
  assert.deepEqual(seconds(series), [0, 1, 2, 2.5, 3, 4, 5]);
  assert.deepEqual(series.latestAt(START + 5000), { x: START + 5000, us: 0, y: 5, anomaly: false, id: 12 });
});

test("of measurements with the same time the newest id stays: it has replaced the others", () => {
  const series = new Series();
  series.merge([...items([1], 7), ...items([1], 5), ...items([1], 6)]);
  assert.deepEqual(
    series.points.map(({ id }) => id),
    [7],
  );
});

test("a measurement that arrives twice is stored once, in one page or in two", () => {
  const series = new Series();
  series.merge([...items([1, 2]), ...items([1, 2])]);
  series.merge(items([1, 2]));
  assert.deepEqual(seconds(series), [1, 2]);
});

test("an anomaly is new when it arrives, and when a known measurement becomes one", () => {
  const series = new Series();
  const [first, second] = items([1, 2]);
  assert.equal(series.merge([first, second]), false);
  assert.equal(series.merge([{ ...first, is_anomaly: true }]), true);
  assert.equal(series.merge([{ ...first, is_anomaly: true }]), false);
  assert.equal(series.points[0].anomaly, true);
});

test("a late reading can clear an anomaly", () => {
  const series = new Series();
  const [item] = items([1]);
  series.merge([{ ...item, is_anomaly: true }]);
  assert.equal(series.merge([item]), false);
  assert.equal(series.points[0].anomaly, false);
});

test("trimming removes older points, but never the newest", () => {
  const series = new Series();
  series.merge(items([0, 1, 2, 3]));
  series.trim(START + 2000);
  assert.deepEqual(seconds(series), [2, 3]);
  series.trim(START + 60000);
  assert.deepEqual(seconds(series), [3]);
});

test("a series holds at most 60,000 points: the oldest are removed", () => {
  const series = new Series();
  series.merge(items(Array.from({ length: 60010 }, (_, i) => i)));
  series.trim(START - 1);
  assert.equal(series.points.length, 60000);
  assert.equal(seconds(series)[0], 10);
});
