import assert from "node:assert/strict";
import { test } from "node:test";

const { cellsOf, noteText } = await import("../../../static/monitoring/js/lists/statistics.js");

const { tagOf, tags } = await import("../../../static/monitoring/js/base/settings.js");

const FOUND = {
  tag: "fermenter_temp",
  count: 86347,
  anomalies: 12,
  mean: 37.5742,
  sd: 2.1338,
  min: 30.1,
  min_at: "2026-01-31T11:59:00Z",
  max: 49.9,
  max_at: "2026-01-31T11:59:30Z",
  outside_percent: 3.84,
  gaps: { count: 2, total_s: 150, longest_s: 100, longer_than_s: 10 },
  resolution_s: null,
};
/** @param {object} changes */
const textsOf = (changes) =>
  cellsOf({ ...FOUND, ...changes }).map(({ text, detail = "" }) => `${text} ${detail}`.trim());

test("a row says value, unit and time", () => {
  assert.deepEqual(textsOf({}), [
    "37.57 °C",
    "2.13 °C",
    "30.10 °C 12:59:00",
    "49.90 °C 12:59:30",
    "3.8 %",
    "86,347",
    "12",
    "2 2 min in all",
  ]);
});

test("an estimate says so, exact numbers do not", () => {
  const texts = textsOf({ resolution_s: 60 });
  assert.deepEqual([texts[0], texts[1], texts[4], texts[7]], ["37.57 °C", "≈ 2.13 °C", "≈ 3.8 %", "2 ≈ 2 min in all"]);
  assert.match(noteText([{ ...FOUND, resolution_s: 60 }], 1), /^≈: an estimate/);
  assert.doesNotMatch(noteText([FOUND], 1), /≈/);
  assert.match(noteText([FOUND], 61), /^The first 1 of 61 tags\./);
});

test("states have neither mean nor deviation", () => {
  const states = { 30: "idle", 50: "feed" };
  tags.set("phase", { ...tagOf("fermenter_temp"), name: "phase", kind: "discrete", states, unit: "" });
  const texts = textsOf({ tag: "phase", min: 30, max: 50 });
  assert.deepEqual(texts.slice(0, 4), ["–", "–", "idle 12:59:00", "feed 12:59:30"]);
});

test("little is not nothing, and nothing is not zero", () => {
  assert.equal(textsOf({ outside_percent: 0.001 })[4], "< 0.01 %");
  assert.equal(textsOf({ outside_percent: 0.25 })[4], "0.25 %");
  assert.equal(textsOf({ outside_percent: 0 })[4], "0.0 %");
  const gaps = { count: 0, total_s: 0, longest_s: 0, longer_than_s: 60 };
  const empty = { count: 0, anomalies: 0, mean: null, sd: null, min: null, min_at: null, max: null, max_at: null };
  assert.deepEqual(textsOf({ ...empty, outside_percent: null, gaps }), [
    ...["–", "–", "–", "–", "–", "0", "0", "none longer than 60 s"],
  ]);
});
