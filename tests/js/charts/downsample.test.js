import assert from "node:assert/strict";
import { test } from "node:test";
import { gapMs, lineAndLone, thinned } from "../../../static/monitoring/js/charts/downsample.js";

/** A line of one value a millisecond. */
const line = (...values) => values.map((y, x) => ({ x, y }));
const BREAK = { x: 50, y: NaN };

/** Pseudo-random numbers of a linear congruential generator, the same in each run. */
function noise(count, seed) {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (1103515245 * state + 12345) % 2 ** 31;
    return state / 2 ** 31;
  });
}

test("of a bucket's points the first, lowest, highest and last stay, in order", () => {
  assert.deepEqual(
    thinned(line(5, 1, 6, 4, 9, 3, 7, 5), 8).map(({ y }) => y),
    [5, 1, 9, 5],
  );
});

test("where a bucket has few points all stay", () => {
  assert.deepEqual(thinned(line(1, 2, 3), 1), line(1, 2, 3));
  assert.deepEqual(thinned([], 10), []);
});

test("no extreme is lost, no point is invented, and there are at most four points a bucket", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const points = line(...noise(5000, seed));
    const kept = thinned(points, 100);
    const values = points.map(({ y }) => y);
    assert.ok(kept.length <= 4 * 50);
    assert.ok(kept.every((point) => points[point.x] === point));
    assert.ok(kept.some(({ y }) => y === Math.min(...values)));
    assert.ok(kept.some(({ y }) => y === Math.max(...values)));
  }
});

test("the points do not depend on the window, so that the line does not tremble as the window moves", () => {
  const points = line(...noise(1000, 7));
  const inside = (kept) => kept.filter(({ x }) => x >= 300 && x < 600);
  assert.deepEqual(inside(thinned(points.slice(100), 100)), inside(thinned(points.slice(200, 800), 100)));
});

test("breaks stay, and each part of the line is thinned by itself", () => {
  const points = [...line(1, 5, 3, 2, 4), BREAK, { x: 60, y: 1 }, { x: 61, y: 2 }, { x: 62, y: 1.5 }];
  const kept = thinned(points, 1000);
  assert.deepEqual(
    kept,
    points.filter(({ x }) => ![2, 3].includes(x)),
  );
});

test("with few distances the least gap applies", () => {
  assert.equal(gapMs([0, 60000, 120000], 5000), 5000);
});

test("a slow source has no gaps", () => {
  const everyMinute = Array.from({ length: 20 }, (_, i) => i * 60000);
  assert.equal(gapMs(everyMinute, 5000), 90000);
});

test("a few outages do not change the usual distance", () => {
  const times = Array.from({ length: 20 }, (_, i) => i * 1000 + (i > 10 ? 3600000 : 0));
  assert.equal(gapMs(times, 5000), 5000);
});

test("the line breaks where nothing was measured; a point that no line touches is separate", () => {
  const points = [0, 1, 10, 20, 21].map((x) => ({ x, y: x }));
  const { line: drawn, lone } = lineAndLone(points, 5);
  assert.deepEqual(
    drawn.map(({ x, y }) => (Number.isNaN(y) ? "break" : x)),
    [0, 1, "break", 10, "break", 20, 21],
  );
  assert.deepEqual(lone, [{ x: 10, y: 10 }]);
});

test("a single measurement is a separate point", () => {
  assert.deepEqual(lineAndLone([{ x: 0, y: 1 }], 5).lone, [{ x: 0, y: 1 }]);
});
