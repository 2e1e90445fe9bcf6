import assert from "node:assert/strict";
import { test } from "node:test";
import { placesOf, shortText } from "../../../static/monitoring/js/charts/note-marks.js";

const AREA = { left: 100, right: 500 };
const places = (...spans) =>
  placesOf(
    spans.map(([start, end = null]) => ({ start, end })),
    (time) => time,
    AREA,
  ).map(({ at, left, right }) => [at, left, right]);

test("a moment has no width, a span reaches from start to end", () => {
  assert.deepEqual(places([200], [300, 400]), [
    [200, 200, 200],
    [300, 300, 400],
  ]);
});

test("a span that begins before the chart or ends after it is cut, and its page stands at the edge", () => {
  assert.deepEqual(places([50, 250], [450, 900]), [
    [100, 100, 250],
    [450, 450, 500],
  ]);
});

test("a long text is cut, and only the first line stands in a chart", () => {
  assert.equal(shortText("Added antifoam\nby hand"), "Added antifoam");
  assert.equal(shortText("Added 8 mL of antifoam by hand"), "Added 8 mL of antifoam…");
});
