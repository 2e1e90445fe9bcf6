import assert from "node:assert/strict";
import { test } from "node:test";
import { notesIn, notesOn, storeNotes } from "../../../static/monitoring/js/live/notes.js";

const at = (minute) => Date.parse(`2026-03-01T12:${String(minute).padStart(2, "0")}:00Z`);
const item = (id, minute, { end = null, tag = null, group = "" } = {}) => ({
  id,
  tag,
  group,
  start: new Date(at(minute)).toISOString(),
  end: end === null ? null : new Date(at(end)).toISOString(),
  text: `note ${id}`,
  by: "anna",
  version: 1,
});
const ids = (notes) => notes.map(({ id }) => id);
const HOUR = { from: at(0), to: at(59) };

test("a note is in a range that its moment or span touches", () => {
  storeNotes([item(3, 40), item(2, 20), item(1, 5, { end: 30 })]);
  assert.deepEqual(ids(notesIn({ from: at(25), to: at(40) })), [3, 1]);
  assert.deepEqual(ids(notesIn({ from: at(31), to: at(39) })), []);
});

test("a tag has the notes on itself, on its group and on the whole plant, oldest first", () => {
  storeNotes([
    item(5, 50, { tag: "other" }),
    item(4, 40, { group: "Vessel 2" }),
    item(3, 30, { group: "Vessel 1" }),
    item(2, 20),
    item(1, 10, { tag: "temp" }),
  ]);
  assert.deepEqual(ids(notesOn("temp", "Vessel 1", HOUR)), [1, 2, 3]);
  assert.deepEqual(ids(notesOn("temp", "", HOUR)), [1, 2]);
});
