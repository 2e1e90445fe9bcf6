import assert from "node:assert/strict";
import { test } from "node:test";

document.querySelector = () => null;
const { noteLines, noteText } = await import("../../../static/monitoring/js/charts/chart-options.js");
const { setNotes } = await import("../../../static/monitoring/js/charts/note-marks.js");

test("a tooltip has a short note whole, and of a long one two lines and the author", () => {
  assert.deepEqual(noteText({ text: "Added acid", by: "anna" }), ["✎ Added acid (anna)"]);
  assert.deepEqual(noteText({ text: "Added\n\nacid by hand, then antifoam", by: "anna" }), [
    "✎ Added acid by hand, then",
    "antifoam (anna)",
  ]);
  const lines = noteText({ text: "Word ".repeat(400).trim(), by: "anna" });
  assert.deepEqual(lines, ["✎ Word Word Word Word Word Word", "Word Word Word Word Word Word Wor…", "(anna)"]);
});

test("no line of a note is longer than a tooltip on a phone", () => {
  const lines = noteText({ text: `https://fermon.example/${"x".repeat(200)}`, by: "b".repeat(100) });
  assert.equal(lines.length, 3);
  assert.ok(lines.every((line) => line.length <= 34));
});

test("a tooltip has three notes of a moment, and the number of the others", () => {
  const chart = { scales: { x: { getPixelForValue: (time) => time } }, chartArea: { left: 0, right: 100 } };
  setNotes(
    chart,
    [50, 50, 50, 51, 52, 90].map((start, i) => ({ start, end: null, text: `note ${i}`, by: "anna" })),
  );
  assert.deepEqual(noteLines(chart, 50), ["✎ note 0 (anna)", "✎ note 1 (anna)", "✎ note 2 (anna)", "and 2 more"]);
});
