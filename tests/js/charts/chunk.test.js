import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkAround, pointsFor } from "../../../static/monitoring/js/charts/chunk.js";

const START = Date.parse("2026-01-31T11:00:00Z");
const ON_EVERY_GRID = 2 ** 40; // grids are powers of two
const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("a chart gets at least one interval for two pixels, and at most 1,200", () => {
  assert.equal(pointsFor(100), 200);
  assert.equal(pointsFor(801), 600);
  assert.equal(pointsFor(10000), 1200);
});

test("a chunk holds its range with room on both sides", () => {
  for (const length of [1000, MINUTE, HOUR, DAY, 30 * DAY, 3650 * DAY]) {
    for (const start of [START, ON_EVERY_GRID]) {
      const { from, to } = chunkAround({ from: start, to: start + length }, 400);
      assert.ok(from < start && to > start + length, `${length} ms`);
      assert.ok(to - from <= 2.5 * length, `${length} ms`);
    }
  }
});

test("a small movement keeps the chunk", () => {
  const at = (ms) => chunkAround({ from: START + ms, to: START + DAY + ms }, 400);
  assert.deepEqual(at(MINUTE), at(0));
  const chunks = new Set(Array.from({ length: 24 }, (_, i) => at(i * HOUR).from));
  assert.ok(chunks.size <= 4, `${chunks.size} chunks for a day`);
});

test("the chunk of a short range has steps of seconds, thus less room", () => {
  const { from, to } = chunkAround({ from: START, to: START + HOUR }, 400);
  assert.ok(to - from <= 3950000);
});

test("moving the range keeps the chunks' length and number of points: the steps stay", () => {
  const one = chunkAround({ from: START, to: START + DAY }, 400);
  const other = chunkAround({ from: START + 5 * DAY, to: START + 6 * DAY }, 400);
  assert.equal(one.to - one.from, other.to - other.from);
  assert.equal(one.points, other.points);
});

test("the range gets about as many of the chunk's points as it has room for", () => {
  const { from, to, points } = chunkAround({ from: START, to: START + DAY }, 400);
  const inRange = (points * DAY) / (to - from);
  assert.ok(inRange >= 400 && inRange <= 450, `${inRange}`);
});

test("playback that runs ahead gets more room", () => {
  const plain = chunkAround({ from: START, to: START + HOUR }, 400);
  const ahead = chunkAround({ from: START, to: START + HOUR }, 400, HOUR);
  assert.ok(ahead.to - ahead.from > plain.to - plain.from);
});

test("a chunk never has more than 5,000 points, nor times outside the server's range", () => {
  const { from, to, points } = chunkAround({ from: -1e15, to: 1e15 }, 1200);
  assert.ok(points <= 5000);
  assert.equal(new Date(from).toISOString(), "0001-01-02T00:00:00.000Z");
  assert.equal(new Date(to).toISOString(), "9999-12-30T00:00:00.000Z");
});
