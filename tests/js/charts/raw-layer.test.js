import assert from "node:assert/strict";
import { test } from "node:test";
import { RawLayer } from "../../../static/monitoring/js/charts/raw-layer.js";

/** Measurements a second apart; an anomaly is the one at 3 s. Nothing was measured from 5 to 60 s. */
const points = [0, 1, 2, 3, 4, 60, 61].map((second, id) => ({
  x: second * 1000,
  y: 10 + second,
  anomaly: second === 3,
  id,
}));
const layer = new RawLayer(points, { from: 0, to: 70000 });

test("a range is drawn with the neighbour on either side, so that lines reach the edge", () => {
  const { line } = layer.outline({ from: 1500, to: 2500 }, 800);
  assert.deepEqual(
    line.map(({ x }) => x),
    [1000, 2000, 3000],
  );
});

test("only anomalies in the range are marked", () => {
  assert.deepEqual(layer.outline({ from: 0, to: 70000 }, 800).marks, [points[3]]);
  assert.deepEqual(layer.outline({ from: 1500, to: 2500 }, 800).marks, []);
});

test("more points than twice the pixels are thinned", () => {
  const many = Array.from({ length: 10000 }, (_, i) => ({ x: i * 100, y: Math.sin(i), anomaly: false, id: i }));
  const { line } = new RawLayer(many, { from: 0, to: 1000000 }).outline({ from: 0, to: 1000000 }, 100);
  assert.ok(line.length <= 4 * 101, `${line.length} points`);
});

test("the summary covers the range, null if nothing was measured", () => {
  assert.deepEqual(layer.summary({ from: 1000, to: 4000 }), { low: 11, high: 14, anomalies: 1 });
  assert.equal(layer.summary({ from: 10000, to: 50000 }), null);
});

test("the value at a moment is the last measurement, unless there is a gap", () => {
  assert.deepEqual(layer.at(2900), { value: 12 });
  assert.deepEqual(layer.at(9000), { value: 14 });
  assert.equal(layer.at(9001), null);
  assert.equal(layer.at(-1), null);
});

test("the measurements before and after a moment", () => {
  assert.equal(layer.next(2000, 1), 3000);
  assert.equal(layer.next(2000, -1), 1000);
  assert.equal(layer.next(4000, 1), 60000);
  assert.equal(layer.next(61000, 1), null);
  assert.equal(layer.next(0, -1), null);
});
