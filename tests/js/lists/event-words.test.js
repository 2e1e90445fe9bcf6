import assert from "node:assert/strict";
import { test } from "node:test";
import {
  eventsText,
  eventText,
  isMoment,
  kindText,
  lengthText,
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

test("a kind is written as words", () => {
  assert.equal(kindText({ kind: "step_up" }), "Step up");
});

test("an event of less than a second is a moment", () => {
  assert.equal(isMoment(event(999)), true);
  assert.equal(isMoment(event(1000)), false);
  assert.equal(isMoment(event(null)), false);
});

test("the length of open and ended events; a moment has none", () => {
  assert.equal(lengthText(event(null), START + 180000), "for 3 min");
  assert.equal(lengthText(event(null), START - 5000), "for 0 s"); // a clock that is behind
  assert.equal(lengthText(event(14000)), "14 s");
  assert.equal(lengthText(event(0)), "");
});

test("an open event of a kind that happens at a moment has an age and no duration", () => {
  assert.equal(lengthText({ ...event(null), kind: "spike" }, START + 90000), "90 s ago");
  assert.equal(whenText({ ...event(null), kind: "spike" }), "12:00:00");
  assert.equal(lengthText({ ...event(14000), kind: "step_up" }), "14 s");
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
