import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import {
  eventsText,
  eventText,
  isMoment,
  isMomentary,
  kindText,
  lengthText,
  timeAround,
  whenText,
  whyText,
} from "../../../static/monitoring/js/lists/event-words.js";

const START = Date.parse("2026-01-31T11:00:00Z"); // noon in Berlin, today
const event = (lengthMs) => ({
  id: 1,
  tag: "pump_rpm",
  kind: "drift",
  start: START,
  end: lengthMs === null ? null : START + lengthMs,
  explanation: "pump_rpm rose by 20 rpm",
});

test("an event is written as the server writes it, and leads to the same time", () => {
  const now = START + 3600000;
  for (const { kind, ageS, lastedS, words, length, lasts, shownToS } of casesIn("events.json").rows) {
    const start = now - ageS * 1000;
    const found = { ...event(null), kind, start, end: lastedS === null ? null : start + lastedS * 1000 };
    assert.equal(kindText(found), words);
    assert.equal(lengthText(found, now), length);
    assert.equal(found.end === null && !isMomentary(found), lasts);
    const { from, to } = timeAround(found, now);
    assert.deepEqual([from, Math.round(to)], [start - 60000, now + shownToS * 1000]);
  }
});

test("an event of less than a second is a moment", () => {
  assert.equal(isMoment(event(999)), true);
  assert.equal(isMoment(event(1000)), false);
  assert.equal(isMoment(event(null)), false);
});

test("the time of an open event of a kind that happens at a moment has no since", () => {
  assert.equal(whenText({ ...event(null), kind: "spike" }), "12:00:00");
});

test("the time of an event", () => {
  assert.equal(whenText(event(null)), "since 12:00:00");
  assert.equal(whenText(event(14000)), "12:00:00 to 12:00:14");
  assert.equal(whenText(event(0)), "12:00:00");
});

test("the explanation without the tag's name", () => {
  assert.equal(whyText(event(null)), "rose by 20 rpm");
  assert.equal(whyText({ ...event(null), explanation: "the pump is loud" }), "the pump is loud");
  assert.equal(eventText(event(14000)), "Drift, 12:00:00 to 12:00:14: rose by 20 rpm");
});

test("the number of events", () => {
  assert.equal(eventsText(1), "1 event");
  assert.equal(eventsText(3), "3 events");
});
