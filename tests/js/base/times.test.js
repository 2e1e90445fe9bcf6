import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import {
  ageText,
  dayMonth,
  durationText,
  hoursMinutes,
  hoursMinutesSeconds,
  leadText,
  momentText,
  monthYear,
  rangeText,
  untilText,
  zoneText,
} from "../../../static/monitoring/js/base/times.js";

// It is 13:00 on 31 January 2026 in Berlin, by the server's settings.
const at = (text) => new Date(text).getTime();

test("times are in the viewer's time zone, with 24 hours", () => {
  const noon = Date.parse("2026-01-31T12:00:05Z");
  assert.equal(hoursMinutes(noon), "13:00");
  assert.equal(hoursMinutesSeconds(noon), "13:00:05");
  assert.equal(hoursMinutes(Date.parse("2026-01-30T23:00:00Z")), "00:00");
  assert.equal(dayMonth(noon), "31 Jan");
  assert.equal(monthYear(noon), "Jan 2026");
});

test("a time has its date unless it is today's, and its year unless it is the current one", () => {
  assert.equal(momentText(at("2026-01-31T08:05:00")), "08:05:00");
  assert.equal(momentText(at("2026-01-30T08:05:00")), "30 Jan 08:05:00");
  assert.equal(momentText(at("2025-12-31T08:05:00")), "31 Dec 2025 08:05:00");
});

test("the day is that of the viewer's time zone, not of UTC", () => {
  assert.equal(momentText(Date.parse("2026-01-30T23:30:00Z")), "00:30:00");
});

test("a range has a second date only if it differs from the first", () => {
  const today = { from: at("2026-01-31T08:00:00"), to: at("2026-01-31T09:00:00") };
  const night = { from: at("2026-01-29T22:00:00"), to: at("2026-01-30T06:00:00") };
  assert.equal(rangeText(today), "08:00:00 to 09:00:00");
  assert.equal(rangeText(today, { withDate: true }), "31 Jan 2026 08:00:00 to 09:00:00");
  assert.equal(rangeText(night), "29 Jan 22:00:00 to 30 Jan 06:00:00");
  assert.equal(untilText(night), "30 Jan 06:00:00");
});

test("durations are written as the server writes them", () => {
  for (const { seconds, duration, age, lead } of casesIn("durations.json").spans) {
    const told = [durationText, ageText, leadText].map((text) => text(seconds * 1000));
    assert.deepEqual(told, [duration, age, lead]);
  }
  assert.equal(ageText(-5000), "0 s");
});

test("the time zone has its offset from UTC", () => {
  assert.match(zoneText(), /^Europe\/Berlin \((UTC|GMT)\+[12]\)$/);
});
