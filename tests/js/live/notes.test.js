import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { followNotes, isCut, isRead, notesIn, notesOn, storeNotes } from "../../../static/monitoring/js/live/notes.js";

const at = (minute) => Date.parse(`2026-03-01T12:${String(minute).padStart(2, "0")}:00Z`);
const item = (id, minute, { end = null, tag = null, group = "", vessel = null, tags = [] } = {}) => ({
  id,
  tag,
  group,
  vessel,
  tags,
  start: new Date(at(minute)).toISOString(),
  end: end === null ? null : new Date(at(end)).toISOString(),
  text: `note ${id}`,
  by: "anna",
  version: 1,
});
const ids = (notes) => notes.map(({ id }) => id);
const HOUR = { from: at(0), to: at(59) };

test("a note is in a range that its moment or span touches", () => {
  storeNotes([item(3, 40), item(2, 20), item(1, 5, { end: 30 })], HOUR);
  assert.deepEqual(ids(notesIn({ from: at(25), to: at(40) })), [3, 1]);
  assert.deepEqual(ids(notesIn({ from: at(31), to: at(39) })), []);
});

test("a note on a vessel stands at the tags that were bound to it then", () => {
  storeNotes([item(2, 20, { vessel: "v1", tags: ["temp"] }), item(1, 10, { vessel: "v1", tag: "ph" })], HOUR);
  assert.deepEqual(ids(notesOn("temp", "", HOUR)), [2]);
  assert.deepEqual(ids(notesOn("ph", "", HOUR)), [1]);
});

test("a tag has the notes on itself, on its group and on the whole plant, oldest first", () => {
  storeNotes(
    [
      item(5, 50, { tag: "other" }),
      item(4, 40, { group: "Vessel 2" }),
      item(3, 30, { group: "Vessel 1" }),
      item(2, 20),
      item(1, 10, { tag: "temp" }),
    ],
    HOUR,
  );
  assert.deepEqual(ids(notesOn("temp", "Vessel 1", HOUR)), [1, 2, 3]);
  assert.deepEqual(ids(notesOn("temp", "", HOUR)), [1, 2]);
});

test("a range counts as read only if the last read covers it, but for a live end a little later", () => {
  storeNotes([], { from: at(10), to: at(20) });
  const found = [
    [10, 20],
    [15, 21],
    [5, 20],
    [15, 30],
  ].map(([from, to]) => isRead({ from: at(from), to: at(to) }));
  assert.deepEqual(found, [true, true, false, false]);
});

/** Follow notes whose requests are answered by hand. */
function following(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  document.addEventListener = () => {};
  const asked = [];
  t.mock.method(globalThis, "fetch", (address) => new Promise((resolve) => asked.push({ address, resolve })));
  const shown = { ...HOUR };
  const soon = followNotes(
    () => ({ ...shown }),
    () => {},
  );
  const answer = async (i, items, headers = {}) => {
    asked[i].resolve(Response.json(items, { headers }));
    await turn();
    await turn();
  };
  return { asked, shown, soon, answer };
}

test("an older answer that arrives later replaces nothing, and delays no planned read", async (t) => {
  const { asked, shown, soon, answer } = following(t);
  t.mock.timers.tick(1);
  shown.from = at(5);
  soon(0);
  t.mock.timers.tick(1);
  assert.equal(asked[1].address.searchParams.get("from"), new Date(at(5)).toISOString());
  await answer(1, [item(2, 20)]);
  await answer(0, [item(1, 10)]);
  assert.deepEqual(ids(notesIn(HOUR)), [2]);
  t.mock.timers.tick(30000);
  assert.equal(asked.length, 3);
  soon();
  await answer(2, [item(3, 30)]);
  assert.deepEqual(ids(notesIn(HOUR)), [2]);
  t.mock.timers.tick(400);
  assert.equal(asked.length, 4);
});

test("an answer with a next page is cut", async (t) => {
  const { answer } = following(t);
  t.mock.timers.tick(1);
  await answer(0, [item(1, 10)], { Link: '</notes?cursor=x>; rel="next"' });
  assert.equal(isCut(), true);
});
