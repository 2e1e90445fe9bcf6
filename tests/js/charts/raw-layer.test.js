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

test("a value that holds counts until the next one, and the last one for a while", () => {
  const steps = [
    { x: 0, us: 0, y: 1, anomaly: false, id: 1 },
    { x: 100000, us: 0, y: 2, anomaly: false, id: 2 },
  ];
  const held = new RawLayer(steps, { from: 20000, to: 200000 }, 15000);
  assert.deepEqual(
    [50000, 99999, 110000, 120000].map((moment) => held.at(moment)?.value ?? null),
    [1, 1, 2, null],
  );
  assert.deepEqual(held.summary({ from: 20000, to: 60000 }), { low: 1, high: 1, anomalies: 0 });
  assert.deepEqual(held.summary({ from: 20000, to: 150000 }), { low: 1, high: 2, anomalies: 0 });
  assert.equal(held.summary({ from: 120000, to: 150000 }), null);
  const { line, lone } = held.outline({ from: 20000, to: 60000 }, 100);
  assert.deepEqual([line.map(({ x }) => x), lone], [[0, 100000], []]);
  const analog = new RawLayer(steps, { from: 20000, to: 200000 });
  assert.equal(analog.at(50000), null);
  assert.equal(analog.summary({ from: 20000, to: 60000 }), null);
});
