import assert from "node:assert/strict";
import { test } from "node:test";
import { BucketLayer } from "../../../static/monitoring/js/charts/bucket-layer.js";

const TAG = { name: "fermenter_temp", unit: "°C", lower: 30, upper: 40, decimals: 2, staleAfterMs: 15000 };

/** A response of /trend in steps of 10 s; nothing was measured from 30 to 60 s. */
const answer = {
  resolution_s: 10,
  t: [0, 10000, 20000, 60000],
  mean: [35, 36, 35, 37],
  min: [34, 25, 34, 36],
  max: [36, 37, 45, 38],
  min_t: [1000, 11000, 21000, 61000],
  max_t: [2000, 12000, 22000, 62000],
  count: [10, 10, 10, 1],
  anomalies: [0, 2, 3, 0],
};
const layer = new BucketLayer(TAG, answer, { from: 0, to: 70000 });
const ALL = { from: 0, to: 70000 };

test("the line passes through the means, in the middle of the intervals, and breaks where nothing was measured", () => {
  const { line, lone } = layer.outline(ALL, 1000);
  assert.deepEqual(
    line.map(({ x, y }) => (Number.isNaN(y) ? "break" : [x, y])),
    [[5000, 35], [15000, 36], [25000, 35], "break", [65000, 37]],
  );
  assert.deepEqual(
    lone.map(({ x }) => x),
    [65000],
  );
});

test("the band is as wide as its intervals", () => {
  const { high } = layer.outline({ from: 0, to: 9999 }, 1000);
  assert.deepEqual(high.slice(0, 2), [
    { x: 0, y: 36 },
    { x: 10000, y: 36 },
  ]);
});

test("an interval's anomalies are marked at the extreme that is outside a limit", () => {
  const { marks } = layer.outline(ALL, 1000);
  assert.deepEqual(
    marks.map(({ x, y, anomalies }) => [x, y, anomalies]),
    [
      [11000, 25, 2],
      [22000, 45, 3],
    ],
  );
});

test("without limits the extreme further from the mean is marked", () => {
  const unlimited = new BucketLayer({ ...TAG, lower: null, upper: null }, answer, ALL);
  assert.deepEqual(
    unlimited.outline(ALL, 1000).marks.map(({ y }) => y),
    [25, 45],
  );
});

test("marks that would cover each other become one at the worst extreme, with all their anomalies", () => {
  const { marks } = layer.outline(ALL, 20);
  assert.equal(marks.length, 1);
  const [{ x, y, start, end, low, high, anomalies }] = marks;
  assert.deepEqual(
    { x, y, start, end, low, high, anomalies },
    {
      x: 11000,
      y: 25,
      start: 10000,
      end: 30000,
      low: 25,
      high: 45,
      anomalies: 5,
    },
  );
});

test("drawing does not change the intervals", () => {
  const before = structuredClone(layer.buckets);
  layer.outline(ALL, 20);
  assert.deepEqual(layer.buckets, before);
});

test("the summary covers the range, null if nothing was measured", () => {
  assert.deepEqual(layer.summary({ from: 0, to: 20000 }), { low: 25, high: 37, anomalies: 2 });
  assert.equal(layer.summary({ from: 40000, to: 50000 }), null);
});

test("the value at a moment is that of its interval, null in a gap", () => {
  assert.deepEqual(layer.at(19999), { value: 36, low: 25, high: 37 });
  assert.deepEqual(layer.at(20000), { value: 35, low: 34, high: 45 });
  assert.equal(layer.at(30000), null);
  assert.equal(layer.at(-1), null);
});

test("the intervals before and after a moment", () => {
  assert.equal(layer.next(20000, 1), 60000);
  assert.equal(layer.next(20000, -1), 10000);
  assert.equal(layer.next(60000, 1), null);
  assert.equal(layer.next(0, -1), null);
});

test("a trend without intervals has nothing to draw", () => {
  const empty = Object.fromEntries(
    Object.entries(answer).map(([name, column]) => [name, Array.isArray(column) ? [] : column]),
  );
  const { line, marks, high, low } = new BucketLayer(TAG, empty, ALL).outline(ALL, 1000);
  assert.deepEqual([line, marks, high, low], [[], [], [], []]);
});
