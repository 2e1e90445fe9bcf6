import assert from "node:assert/strict";
import { test } from "node:test";
import { comparisonOptions, styleOf } from "../../../static/monitoring/js/batches/compare.js";
import { LINE_STYLES } from "../../../static/monitoring/js/charts/line-styles.js";

const batch = (id, x) => ({ id, name: `b${id}`, x, min: x, mean: x.map((each) => each + 1), max: x });
const comparison = (batches) => ({ xTitle: "EFT", xUnit: "h", unit: "°C", decimals: 1, regions: [], batches });

test("each batch is a line with its extremes, in a style of its own", () => {
  const { lines, unit } = comparisonOptions(comparison([batch(1, [0, 1]), batch(2, [0])]));
  assert.equal(unit, "°C");
  assert.deepEqual(lines[0].points, [
    [0, 1],
    [1, 2],
  ]);
  assert.deepEqual(lines[0].low, [0, 1]);
  assert.deepEqual(
    lines.map(({ colour, dash, shape }) => ({ colour, dash, shape })),
    [
      { colour: 0, ...LINE_STYLES[0] },
      { colour: 1, ...LINE_STYLES[1] },
    ],
  );
});

test("a batch keeps its style if another one has no values", () => {
  const { lines } = comparisonOptions(comparison([batch(1, []), batch(2, [0])]));
  assert.deepEqual(
    lines.map(({ label, colour }) => [label, colour]),
    [["b2", 1]],
  );
  assert.deepEqual(styleOf(1).shape, lines[0].shape);
});
