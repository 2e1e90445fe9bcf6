import assert from "node:assert/strict";
import { test } from "node:test";
import { heldLine } from "../../../static/monitoring/js/charts/held-line.js";

const line = (...points) => points.map(([x, y]) => ({ x, y }));
const pairs = (points) => points.map(({ x, y }) => [x, Number.isNaN(y) ? null : y]);
const span = (start, end, kind = "bad") => ({ kind, start, end });

test("the last value holds until the time given", () => {
  assert.deepEqual(pairs(heldLine(line([0, 1], [10, 2]), [], 15)), [
    [0, 1],
    [10, 2],
    [15, 2],
  ]);
  assert.deepEqual(pairs(heldLine(line([0, 1], [10, 2]), [], 5)), [
    [0, 1],
    [10, 2],
  ]);
  assert.deepEqual(heldLine([], [span(0, 5)], 15), []);
});

test("the line ends where a span without good values begins, and goes on with the next value", () => {
  for (const kind of ["bad", "gap"])
    assert.deepEqual(pairs(heldLine(line([0, 1], [10, 2]), [span(4, 10, kind), span(6, 8, kind)], 10)), [
      [0, 1],
      [4, 1],
      [4, null],
      [10, 2],
    ]);
});

test("a span at a value leaves no line after it, and one that lasts ends the line", () => {
  assert.deepEqual(pairs(heldLine(line([0, 1], [10, 2]), [span(0, 5)], 10)), [
    [0, 1],
    [0, 1],
    [0, null],
    [10, 2],
  ]);
  assert.deepEqual(pairs(heldLine(line([0, 1]), [span(3, null)], 10)), [
    [0, 1],
    [3, 1],
    [3, null],
  ]);
});

test("uncertain values are values", () => {
  assert.equal(heldLine(line([0, 1], [10, 2]), [span(4, 8, "uncertain")], 10).length, 2);
});
