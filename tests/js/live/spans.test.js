import assert from "node:assert/strict";
import { test } from "node:test";

const { spansOf, spanText, storeSpans } = await import("../../../static/monitoring/js/live/spans.js");

const NOON = Date.parse("2026-01-31T11:00:00Z");
const iso = (second) => new Date(NOON + 1000 * second).toISOString();
const bad = (tag, start, end, quality = "bad") => ({
  tag,
  start: iso(start),
  end: end === null ? null : iso(end),
  quality,
  word: "BadSensorFailure",
});
const gap = (source, tag, start, end) => ({
  source,
  tag,
  start: iso(start),
  end: end === null ? null : iso(end),
  reason: "the collector was stopped",
});
const range = (from, to) => ({ from: NOON + 1000 * from, to: NOON + 1000 * to });
const starts = (tag, within) => spansOf(tag, within).map(({ start }) => (start - NOON) / 1000);

test("a tag has its own spans and gaps, and those of its sources", () => {
  storeSpans(
    [bad("a", 30, null), bad("b", 1, 2)],
    [gap("mfcs", null, 10, 20), gap("skid", null, 5, 6), gap("skid", "a", 7, 8)],
  );
  assert.deepEqual(starts({ name: "a", sources: ["mfcs"] }, range(0, 60)), [7, 10, 30]);
  assert.deepEqual(starts({ name: "b", sources: [] }, range(0, 60)), [1]);
  assert.deepEqual(starts({ name: "a", sources: ["mfcs"] }, range(20, 25)), [10]);
  assert.deepEqual(starts({ name: "a", sources: ["mfcs"] }, range(100, 160)), [30]);
});

test("only a change is worth a drawing", () => {
  assert.equal(storeSpans([bad("a", 0, null)], []), true);
  assert.equal(storeSpans([bad("a", 0, null)], []), false);
  assert.equal(storeSpans([bad("a", 0, 9)], []), true);
});

test("a span says what it is, why, and when", () => {
  storeSpans([bad("a", 0, 9), bad("a", 20, null, "uncertain")], [gap("mfcs", "a", 30, 40)]);
  const texts = spansOf({ name: "a", sources: [] }, range(0, 60)).map(spanText);
  assert.match(texts[0], /^Bad: BadSensorFailure, .*12:00:00 to 12:00:09$/);
  assert.match(texts[1], /^Uncertain: BadSensorFailure, since .*12:00:20$/);
  assert.match(texts[2], /^Gap: the collector was stopped, .*12:00:30 to 12:00:40$/);
});
