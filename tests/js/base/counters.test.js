import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import { ratePerHour, rateText } from "../../../static/monitoring/js/base/counters.js";

for (const { name, points, rate } of casesIn("counters.json")) {
  test(`the rate of a counter: ${name}`, () => {
    const found = ratePerHour(points.map(([x, y]) => ({ x, y })));
    if (rate === null) assert.equal(found, null);
    else assert.ok(Math.abs(found - rate) < 1e-9, `${found}`);
  });
}

test("the text has three digits and the unit", () => {
  const points = [
    { x: 0, y: 0 },
    { x: 3600000, y: 1234.5678 },
  ];
  assert.equal(rateText({ unit: "L" }, points), "1,230 L/h");
  assert.equal(
    rateText(
      { unit: "" },
      points.map(({ x, y }) => ({ x, y: y / 1e5 })),
    ),
    "0.0123 /h",
  );
  assert.equal(rateText({ unit: "L" }, points.slice(1)), "");
});
