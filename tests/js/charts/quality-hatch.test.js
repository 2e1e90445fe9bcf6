import assert from "node:assert/strict";
import { test } from "node:test";

const { hatchesOf, placesOf, setHatches, spansAt } = await import(
  "../../../static/monitoring/js/charts/quality-hatch.js"
);

const AREA = { left: 100, right: 500 };
const at = (x) => x;
const span = (start, end, kind = "bad") => ({ kind, start, end, tag: "t", source: "", text: "" });
const places = (...spans) => placesOf(spans, at, AREA).map(({ left, right }) => [left, right]);

test("an area is cut at the chart's edges, and reaches to the right edge while it lasts", () => {
  assert.deepEqual(places(span(50, 200), span(400, 900), span(300, null)), [
    [100, 200],
    [400, 500],
    [300, 500],
  ]);
});

test("the shortest area can be seen, at the right edge, too", () => {
  assert.deepEqual(places(span(200, 200), span(500, null)), [
    [200, 203],
    [497, 500],
  ]);
});

test("areas of one kind are hatched once, those of different kinds apart", () => {
  const found = hatchesOf(placesOf([span(110, 200), span(150, 250), span(160, 300, "gap"), span(300, 320)], at, AREA));
  assert.deepEqual(
    found.map(({ kind, stretches }) => [kind, stretches.map(({ left, right }) => [left, right])]),
    [
      ["uncertain", []],
      ["gap", [[160, 300]]],
      [
        "bad",
        [
          [110, 250],
          [300, 320],
        ],
      ],
    ],
  );
});

test("the spans under the pointer are found", () => {
  const chart = { scales: { x: { getPixelForValue: at } }, chartArea: AREA };
  setHatches(chart, [span(150, 200), span(180, null, "gap")]);
  assert.deepEqual(
    [120, 148, 190, 400].map((x) => spansAt(chart, x).map(({ kind }) => kind)),
    [[], ["bad"], ["bad", "gap"], ["gap"]],
  );
});
