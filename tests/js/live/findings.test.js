import assert from "node:assert/strict";
import { test } from "node:test";
import { tagOf } from "../../../static/monitoring/js/base/settings.js";
import { findingsOf, reasonsOf, remember } from "../../../static/monitoring/js/live/findings.js";

const ABOVE = { reason: "above_limit", lower: null, upper: 40 };

test("nothing is known of a measurement before its findings came", () => {
  assert.deepEqual(findingsOf(1), []);
});

test("the findings of an anomaly are given as the server told them, and in words", () => {
  remember([{ id: 2, findings: [ABOVE] }]);
  assert.deepEqual(findingsOf(2), [ABOVE]);
  assert.deepEqual(reasonsOf(tagOf("fermenter_temp"), 2), ["above the limit 40"]);
});

test("of more than 20,000 anomalies, those learned of first are forgotten", () => {
  remember(Array.from({ length: 20001 }, (_, i) => ({ id: 100 + i, findings: [ABOVE] })));
  assert.deepEqual(findingsOf(2), []);
  assert.deepEqual(findingsOf(100), []);
  assert.deepEqual(findingsOf(101), [ABOVE]);
  assert.deepEqual(findingsOf(20100), [ABOVE]);
});
