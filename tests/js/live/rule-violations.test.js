import assert from "node:assert/strict";
import { test } from "node:test";
import { tagOf } from "../../../static/monitoring/js/base/settings.js";
import { violationsOf, reasonsOf, storeViolations } from "../../../static/monitoring/js/live/rule-violations.js";

const ABOVE = { reason: "above_limit", lower: null, upper: 40 };

test("nothing is known of a measurement before its findings came", () => {
  assert.deepEqual(violationsOf(1), []);
});

test("the findings of an anomaly are given as the server told them, and in words", () => {
  storeViolations([{ id: 2, findings: [ABOVE] }]);
  assert.deepEqual(violationsOf(2), [ABOVE]);
  assert.deepEqual(reasonsOf(tagOf("fermenter_temp"), 2), ["above the limit 40"]);
});

test("of more than 20,000 anomalies, those learned of first are forgotten", () => {
  storeViolations(Array.from({ length: 20001 }, (_, i) => ({ id: 100 + i, findings: [ABOVE] })));
  assert.deepEqual(violationsOf(2), []);
  assert.deepEqual(violationsOf(100), []);
  assert.deepEqual(violationsOf(101), [ABOVE]);
  assert.deepEqual(violationsOf(20100), [ABOVE]);
});
