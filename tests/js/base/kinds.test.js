import assert from "node:assert/strict";
import { test } from "node:test";

const { isHeld, stateName, statesOf, stateTicks } = await import("../../../static/monitoring/js/base/kinds.js");
const { detailText, momentValueText, valueText } = await import("../../../static/monitoring/js/base/words.js");

const FORMAT = { decimals: 0, mostDecimals: 2, unit: "", lower: null, upper: null };
const phase = {
  ...FORMAT,
  name: "phase",
  kind: "discrete",
  states: { 10: "harvest", 2: "feed", 0: "idle", "-1": "fault" },
};
const heat = { ...FORMAT, name: "heat", kind: "analog", states: {}, unit: "°C" };

test("setpoints and states hold until the next value", () => {
  assert.deepEqual(
    ["analog", "setpoint", "discrete", "counter"].map((kind) => isHeld({ kind })),
    [false, true, true, false],
  );
});

test("a value with a name is shown by it, others by their numbers", () => {
  assert.deepEqual(
    [2, -1, 3, 2.5].map((value) => valueText(phase, value)),
    ["feed", "fault", "3", "2.5"],
  );
  assert.deepEqual(
    [2, 3].map((value) => detailText(phase, value)),
    ["feed (2)", "3"],
  );
  assert.equal(valueText(heat, 2), "2");
  assert.equal(stateName({ states: {} }, "toString"), "");
});

test("of an interval of states there is no mean", () => {
  assert.equal(momentValueText(phase, { value: 1.2, low: 0, high: 2 }), "idle to feed");
  assert.equal(momentValueText(phase, { value: 2, low: 2, high: 2 }), "feed");
  assert.equal(momentValueText(heat, { value: 1.2, low: 0, high: 2 }), "1.2 °C (0 to 2)");
});

test("states are in order of their numbers", () => {
  assert.deepEqual(
    statesOf(phase).map(({ value }) => value),
    [-1, 0, 2, 10],
  );
});

test("an axis has the states in view, as many as it has room for, with names that are cut", () => {
  const axis = { min: -1.5, max: 10.5 };
  assert.deepEqual(stateTicks(phase, axis, 9, 5), [
    { value: -1, text: "fault" },
    { value: 0, text: "idle" },
    { value: 2, text: "feed" },
    { value: 10, text: "harv…" },
  ]);
  assert.deepEqual(
    stateTicks(phase, axis, 2, 9).map(({ value }) => value),
    [-1, 2],
  );
  assert.deepEqual(
    stateTicks(phase, { min: 0.5, max: 9 }, 9, 9).map(({ value }) => value),
    [2],
  );
});
