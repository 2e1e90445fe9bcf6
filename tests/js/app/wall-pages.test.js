import assert from "node:assert/strict";
import { test } from "node:test";
import { gridFor, pageOf } from "../../../static/monitoring/js/app/wall-pages.js";

const WIDE = 16 / 9;
const cards = (...urgencies) => urgencies.map((urgency, id) => ({ urgency, id }));
const ids = ({ shown }) => shown.map(({ id }) => id);

test("the grid has a place for each card and is never finer than can be read", () => {
  for (let count = 1; count <= 20; count++) {
    const { columns, rows } = gridFor(count, WIDE);
    assert.ok(columns * rows >= count && columns <= 5 && rows <= 4, `${count}: ${columns} x ${rows}`);
  }
  assert.deepEqual(gridFor(0, WIDE), { columns: 1, rows: 1 }); // the message that there is no tag
  assert.deepEqual(gridFor(3, WIDE), { columns: 2, rows: 2 });
  assert.deepEqual(gridFor(12, WIDE), { columns: 4, rows: 3 });
  assert.deepEqual(gridFor(500, WIDE), { columns: 5, rows: 4 });
});

test("cards that fit are all there, the most urgent first", () => {
  assert.deepEqual(ids(pageOf(cards(0, 3, 11), 4, 7)), [2, 1, 0]);
});

test("the others come in turn, and what needs a person is on every page", () => {
  const many = cards(0, 0, 0, 9, 0, 0, 0, 0);
  const pages = [0, 1, 2, 3].map((turn) => ids(pageOf(many, 4, turn)));
  assert.deepEqual(pages, [
    [3, 0, 1, 2],
    [3, 4, 5, 6],
    [3, 7],
    [3, 0, 1, 2],
  ]);
});

test("when more cards need a person than there are places, the most urgent stay and the others turn", () => {
  const many = cards(...Array.from({ length: 12 }, (_, i) => 12 - i));
  const { pinned, pages } = pageOf(many, 8, 0);
  assert.deepEqual([pinned, pages], [6, 3]);
  const seen = new Set([0, 1, 2].flatMap((turn) => ids(pageOf(many, 8, turn))));
  assert.equal(seen.size, 12);
});
