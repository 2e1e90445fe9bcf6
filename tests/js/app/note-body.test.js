import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, subjectNames } from "../../../static/monitoring/js/app/note-body.js";

const SUBJECTS = { tags: ["temp", "Both"], groups: ["Both", "Vessel 1"], vessels: ["Both", "demo-1"] };
const NOTE = { id: 7, version: 3 };
// A browser shortens a full minute; the time is in the second of two hours from 02:00 to 03:00.
const START = { text: "2026-10-25T02:30", iso: "2026-10-25T01:30:00.250Z" };
const task = (changes = {}) => ({ act: "write", note: null, start: START, end: { text: "", iso: null }, ...changes });
const values = (changes = {}) => ({
  text: "Added acid",
  kind: "note",
  about: "",
  start: START.text,
  end: "",
  reason: "",
  ...changes,
});
const written = (changes) => bodyOf(values(changes), task(), SUBJECTS);

test("a new note has the moment that the form was filled with, or the time that was typed", () => {
  assert.deepEqual(written(), { tag: "", text: "Added acid", kind: "note", start: START.iso, end: null });
  const typed = written({ start: "2026-10-25T12:00", end: "2026-10-25T12:05" });
  assert.deepEqual([typed.start, typed.end], ["2026-10-25T11:00:00.000Z", "2026-10-25T11:05:00.000Z"]);
});

test("the server takes its own time for a note that is written now", () => {
  const now = task({ start: { text: START.text, iso: undefined } });
  assert.equal("start" in JSON.parse(JSON.stringify(bodyOf(values(), now, SUBJECTS))), false);
});

test("a correction has only the times that were changed", () => {
  const end = { text: "2026-10-25T02:45", iso: "2026-10-25T01:45:00Z" };
  const correction = task({ act: "correct", note: NOTE, end });
  const corrected = (changes) => bodyOf(values({ end: end.text, ...changes }), correction, SUBJECTS);
  assert.deepEqual(corrected(), { version: 3, text: "Added acid", kind: "note", reason: "" });
  assert.deepEqual(corrected({ end: "" }), { version: 3, text: "Added acid", kind: "note", reason: "", end: null });
});

test("a name is a tag, a vessel or a group, whether chosen or typed", () => {
  assert.deepEqual(subjectNames(SUBJECTS), [
    ...["Vessel: Both", "Vessel: demo-1", "Group: Both", "Group: Vessel 1"],
    ...["temp", "Both"],
  ]);
  const found = ["temp", "Vessel 1", "Group: Both", "Both", "demo-1", "Vessel: Both", "typo"].map((about) => {
    const { tag, group, vessel } = written({ about });
    return { tag, group, vessel };
  });
  assert.deepEqual(JSON.parse(JSON.stringify(found)), [
    { tag: "temp" },
    { group: "Vessel 1" },
    { group: "Both" },
    { tag: "Both" },
    { vessel: "demo-1" },
    { vessel: "Both" },
    { tag: "typo" },
  ]);
});
