import assert from "node:assert/strict";
import { test } from "node:test";
import { tagOf } from "../../../static/monitoring/js/base/settings.js";
import { violationsOf, reasonsOf, storeViolations } from "../../../static/monitoring/js/live/rule-violations.js";

const ABOVE = { reason: "above_limit", lower: null, upper: 40 };

test("a measurement has no rule violations before they are stored", () => {
  assert.deepEqual(violationsOf(1), []);
});

test("the rule violations of an anomaly are returned as the server sent them, and as text", () => {
  storeViolations([{ id: 2, findings: [ABOVE] }]);
  assert.deepEqual(violationsOf(2), [ABOVE]);
  assert.deepEqual(reasonsOf(tagOf("fermenter_temp"), 2), ["above the limit 40"]);
});

test("of more than 20,000 anomalies, those stored first are dropped", () => {
  storeViolations(Array.from({ length: 20001 }, (_, i) => ({ id: 100 + i, findings: [ABOVE] })));
  assert.deepEqual(violationsOf(2), []);
  assert.deepEqual(violationsOf(100), []);
  assert.deepEqual(violationsOf(101), [ABOVE]);
  assert.deepEqual(violationsOf(20100), [ABOVE]);
});
