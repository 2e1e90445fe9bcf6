import assert from "node:assert/strict";
import { test } from "node:test";
import { timeTicks, valueTicks, valueTickText } from "../../../static/monitoring/js/base/ticks.js";

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;
const at = (text) => new Date(text).getTime(); // in Berlin, where the tests are
const texts = (from, to, most) => timeTicks(at(from), at(to), most).map(({ text }) => text);

test("ticks are at round times of the viewer's time zone", () => {
  assert.deepEqual(texts("2026-01-31T12:00:07", "2026-01-31T12:05:00", 6), [
    "12:01",
    "12:02",
    "12:03",
    "12:04",
    "12:05",
  ]);
  assert.deepEqual(texts("2026-01-31T12:00:07", "2026-01-31T12:00:30", 6), [
    "12:00:10",
    "12:00:15",
    "12:00:20",
    "12:00:25",
    "12:00:30",
  ]);
});

test("midnight is shown by the day that begins", () => {
  assert.deepEqual(texts("2026-01-30T18:00", "2026-01-31T06:00", 2), ["18:00", "31 Jan", "06:00"]);
});

test("days, months and years have their own steps", () => {
  assert.deepEqual(texts("2026-01-30T12:00", "2026-02-02T12:00", 4), ["31 Jan", "1 Feb", "2 Feb"]);
  assert.deepEqual(texts("2026-01-15T00:00", "2026-04-15T00:00", 4), ["Feb 2026", "Mar 2026", "Apr 2026"]);
  assert.deepEqual(texts("2019-06-01T00:00", "2026-06-01T00:00", 8), [
    "2020",
    "2021",
    "2022",
    "2023",
    "2024",
    "2025",
    "2026",
  ]);
});

test("weeks begin on Monday", () => {
  const days = timeTicks(at("2026-01-01T00:00"), at("2026-02-10T00:00"), 8).map(({ value }) =>
    new Date(value).getDay(),
  );
  assert.deepEqual(new Set(days), new Set([1]));
});

test("ticks are on whole hours on the days when the clocks change", () => {
  for (const day of ["2026-03-29", "2026-10-25"]) {
    const hours = timeTicks(at(`${day}T00:00`), at(`${day}T12:00`), 13).map(({ value }) => new Date(value));
    assert.ok(hours.length >= 12);
    assert.ok(hours.every((time) => time.getMinutes() === 0));
  }
});

test("there are never many more ticks than wanted, and all are in the range", () => {
  const from = at("2026-01-31T12:34:56");
  for (let length = 5000; length < 40 * 365 * DAY; length *= 1.7) {
    const ticks = timeTicks(from, from + length, 8);
    assert.ok(ticks.length >= 1 && ticks.length <= 10, `${ticks.length} in ${length} ms`);
    assert.ok(ticks.every(({ value }) => value >= from && value <= from + length));
  }
});

test("values have steps of 1, 2 or 5 times a power of ten", () => {
  const values = (min, max, most) => valueTicks(min, max, most).map(({ value }) => value);
  assert.deepEqual(values(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(values(0.2, 0.9, 4), [0.2, 0.4, 0.6000000000000001, 0.8]); // as round as such numbers get
  assert.deepEqual(values(-1500, 1500, 3), [-1000, 0, 1000]);
});

test("the values of a flat line have a tick", () => {
  assert.deepEqual(
    valueTicks(5, 5, 5).map(({ value }) => value),
    [5],
  );
});

test("a tick's text has as many decimals as its steps need", () => {
  const told = (min, max, most) => {
    const ticks = valueTicks(min, max, most);
    return ticks.map(({ value }) => valueTickText(value, ticks));
  };
  assert.deepEqual(told(0, 0.5, 5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
  assert.deepEqual(told(36.91, 37.13, 5), ["36.95", "37.00", "37.05", "37.10"]);
  assert.deepEqual(told(0, 4000, 4), ["0", "1,000", "2,000", "3,000", "4,000"]);
  assert.deepEqual(told(0, 3e-7, 3), ["0", "1e-7", "2e-7", "3e-7"]);
  assert.deepEqual(told(0, 2.3e9, 3), ["0", "1e9", "2e9"]);
  assert.equal(valueTickText(7, [{ value: 7 }]), "7");
});

test("ticks that differ beyond six digits are the first one and differences from it", () => {
  const ticks = valueTicks(1e15, 1e15 + 16, 4);
  assert.deepEqual(
    ticks.map(({ value }) => valueTickText(value, ticks)),
    ["1e15", "+5", "+10", "+15"],
  );
});

test("neighbouring numbers, of which no ticks lie between, have one tick", () => {
  const ticks = valueTicks(1e17 - 16, 1e17, 5);
  assert.deepEqual(
    ticks.map(({ value }) => valueTickText(value, ticks)),
    ["1e17"],
  );
});

/**
 * Return a source of pseudo-random numbers in [0, 1).
 * @param {number} seed
 */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/**
 * Return ends of value axes of every size, sign and width, constant, neighbouring and infinite-looking ones included.
 * @param {() => number} random
 */
function anySpan(random) {
  const ofAnySize = () => (random() < 0.5 ? -1 : 1) * (1 + random()) * 10 ** Math.floor(random() * 640 - 330);
  const start = random() < 0.1 ? 0 : ofAnySize();
  const ends = [
    ofAnySize(),
    -start,
    start,
    start * (1 + random() * 10 ** -Math.floor(random() * 17)),
    start + Math.abs(start) * Number.EPSILON * Math.floor(random() * 8),
    Math.round(start) + random(),
  ];
  const end = ends[Math.floor(random() * ends.length)];
  return [Math.min(start, end), Math.max(start, end)];
}

test("every axis has few ticks, in order, inside, each with a short text of its own", () => {
  const random = randomFrom(18);
  for (let i = 0; i < 20000; i++) {
    const [min, max] = anySpan(random);
    const most = 2 + Math.floor(random() * 12);
    const ticks = valueTicks(min, max, most);
    const values = ticks.map(({ value }) => value);
    const shown = ticks.map(({ value }) => valueTickText(value, ticks));
    const told = `${min} to ${max}, ${most}: ${values} as ${shown}`;
    assert.ok(!Number.isFinite(min + 0 * max) || values.length >= 1, told);
    assert.ok(values.length <= 2 * most + 1, told);
    assert.ok(
      values.every((value, at) => at === 0 || value > values[at - 1]),
      told,
    );
    const reach = (max / 2 - min / 2) * 1e-6 + Math.max(Math.abs(min), Math.abs(max)) * 4 * Number.EPSILON;
    assert.ok(
      values.every((value) => value >= min - reach && value <= max + reach),
      told,
    );
    assert.equal(new Set(shown).size, shown.length, told);
    assert.ok(
      shown.every((text) => text.length <= 13),
      told,
    );
  }
});

test("an axis without finite ends has no ticks", () => {
  for (const [min, max] of [
    [NaN, NaN],
    [-Infinity, Infinity],
    [0, Infinity],
  ])
    assert.deepEqual(valueTicks(min, max, 5), []);
});

test("every time axis has few ticks in order: one moment, and spans beyond the calendar", () => {
  const random = randomFrom(81);
  for (let i = 0; i < 2000; i++) {
    const from = at("2026-01-31T12:34:56") + (random() - 0.5) * 10 ** Math.floor(random() * 15);
    const length = random() < 0.1 ? 0 : random() * 10 ** Math.floor(random() * 16);
    const values = timeTicks(from, from + length, 8).map(({ value }) => value);
    assert.ok(values.length <= 10, `${values.length} in ${length} ms from ${from}`);
    assert.ok(
      values.every((value, i) => value >= from && value <= from + length && (i === 0 || value > values[i - 1])),
    );
  }
  for (const ends of [
    [NaN, NaN],
    [-Infinity, Infinity],
  ])
    assert.deepEqual(timeTicks(ends[0], ends[1], 8), []);
});
