import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarRange, dayRange } from "../../../static/monitoring/js/base/calendar.js";

// In Berlin, where the tests are: a Thursday at noon.
const NOON = Date.parse("2026-10-29T11:00:00Z");
/** @type {(range: {from: number, to: number} | null) => string[] | null} */
const texts = (range) => range && [range.from, range.to].map((ms) => new Date(ms).toISOString());

test("days and weeks are those of the viewer's calendar, and end now at the latest", () => {
  assert.deepEqual(texts(calendarRange("today", NOON)), ["2026-10-28T23:00:00.000Z", "2026-10-29T11:00:00.000Z"]);
  assert.deepEqual(texts(calendarRange("yesterday", NOON)), ["2026-10-27T23:00:00.000Z", "2026-10-28T23:00:00.000Z"]);
  assert.deepEqual(texts(calendarRange("week", NOON)), ["2026-10-25T23:00:00.000Z", "2026-10-29T11:00:00.000Z"]);
});

test("a week and a day in which clocks change are longer or shorter", () => {
  assert.deepEqual(texts(calendarRange("last-week", NOON)), ["2026-10-18T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]);
  assert.deepEqual(texts(dayRange("2026-10-25", NOON)), ["2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]);
});

test("a Sunday belongs to the week that began on the Monday before", () => {
  const sunday = Date.parse("2026-11-01T12:00:00Z");
  assert.equal(texts(calendarRange("week", sunday))?.[0], "2026-10-25T23:00:00.000Z");
});

test("a day of the future has no range", () => {
  assert.equal(dayRange("2026-10-30", NOON), null);
  assert.equal(dayRange("", NOON), null);
});
