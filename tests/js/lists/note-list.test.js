import assert from "node:assert/strict";
import { test } from "node:test";

document.querySelector = () => null;
const { contentOf, summaryText } = await import("../../../static/monitoring/js/lists/note-list.js");
const { view } = await import("../../../static/monitoring/js/app/view-state.js");

const READ = { isRead: true, isCut: false };

test("an empty list says whether it was read, a cut one which notes it has", () => {
  assert.equal(summaryText(0, { isRead: false, isCut: false }), "Not read yet.");
  assert.equal(summaryText(0, READ), "None in the time shown.");
  assert.equal(summaryText(20, READ), "");
  assert.equal(summaryText(21, READ), "The newest 20 of 21.");
  assert.equal(summaryText(500, { ...READ, isCut: true }), "The newest 20; the charts show the newest 500.");
});

test("a row follows the day and the view", (t) => {
  const start = Date.parse("2026-01-31T11:00:00Z");
  const note = { id: 1, version: 1, tag: null, group: "", start, end: null, text: "Added acid", by: "anna" };
  const row = contentOf(note);
  assert.deepEqual([row.time, row.about, row.said], ["12:00:00", "whole plant", "Added acid (anna)"]);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 24 * 3600000 });
  view.preset = "1h";
  const later = contentOf(note);
  assert.equal(later.time, "31 Jan 12:00:00");
  assert.match(later.href, /range=1h&from=/);
});
