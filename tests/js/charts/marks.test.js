import assert from "node:assert/strict";
import { test } from "node:test";
import { clustered, within } from "../../../static/monitoring/js/charts/marks.js";

const PIXEL_MS = 1000;
const MARK_PX = 18;

/** A generator of the same numbers at each run. */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

/** Anomalies at these seconds; those in a row without a normal one between are next to each other. */
const at = (seconds, { isLasting = false } = {}) =>
  seconds.map((second, i) => ({
    x: second * 1000,
    y: second,
    start: second * 1000,
    end: second * 1000,
    low: second,
    high: second,
    anomalies: 1,
    off: second % 7,
    isLasting,
    isNext: i > 0 && second - seconds[i - 1] === 1,
  }));

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

test("a lasting violation has one marker for its whole length, however long", () => {
  const { marks, lasting } = clustered(at(range(100, 5000), { isLasting: true }), PIXEL_MS);
  assert.equal(marks.length, 1);
  assert.deepEqual([marks[0].start, marks[0].end, marks[0].anomalies], [100000, 4999000, 4900]);
  assert.deepEqual(lasting, [{ from: 100000, to: 4999000 }]);
});

test("zoomed in far enough, each measurement of a lasting violation has its marker again", () => {
  const { marks, lasting } = clustered(at(range(100, 120), { isLasting: true }), 1000 / MARK_PX / 2);
  assert.equal(marks.length, 20);
  assert.deepEqual(lasting, [{ from: 100000, to: 119000 }]);
});

test("scattered anomalies keep about their places: a row of them has several markers", () => {
  const { marks, lasting } = clustered(at(range(0, 90).map((i) => 10 * i)), PIXEL_MS);
  assert.ok(marks.length >= 6 && marks.length <= 12, `${marks.length} markers`);
  assert.deepEqual(lasting, []);
});

test("an anomaly by itself is returned as it is", () => {
  const [item] = at([50]);
  assert.equal(clustered([item], PIXEL_MS).marks[0], item);
});

test("at every zoom no marker covers another, and none of the anomalies is lost", () => {
  const random = randomOf(7);
  for (let round = 0; round < 300; round++) {
    const density = random() ** 2;
    const items = at(
      range(0, 600).filter(() => random() < density),
      { isLasting: random() < 0.5 },
    );
    const pixelMs = 10 ** (1 + 4 * random());
    const { marks } = clustered(items, pixelMs, MARK_PX);
    marks.forEach((mark, i) => {
      if (i) assert.ok(mark.x - marks[i - 1].x >= MARK_PX * pixelMs);
      assert.ok(mark.start <= mark.x && mark.x <= mark.end);
    });
    const sum = (of) => of.reduce((total, { anomalies }) => total + anomalies, 0);
    assert.equal(sum(marks), items.length);
    const high = (of) => of.reduce((most, mark) => Math.max(most, mark.high), -1);
    assert.equal(high(marks), high(items));
  }
});

test("markers stay in place while the range moves, but at its edge", () => {
  const random = randomOf(3);
  const items = at(range(0, 2000).filter(() => random() < 0.05));
  const all = clustered(items, PIXEL_MS).marks.map(({ x }) => x);
  const later = clustered(items.slice(10), PIXEL_MS).marks.map(({ x }) => x);
  assert.deepEqual(later.slice(4), all.slice(all.length - later.length + 4));
});

test("the part of a line where a violation lasts ends with a break", () => {
  const line = range(0, 6).map((i) => ({ x: i * 1000, y: i }));
  const found = within(line, [
    { from: 1000, to: 2000 },
    { from: 2500, to: 2600 },
    { from: 5000, to: 9000 },
  ]);
  assert.deepEqual(
    found.map(({ x, y }) => [x, y]),
    [
      [1000, 1],
      [2000, 2],
      [2000, NaN],
      [5000, 5],
      [5000, NaN],
    ],
  );
});
