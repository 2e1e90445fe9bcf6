import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  areMoreOpen,
  endedEvents,
  eventOf,
  eventsOver,
  receiveEvents,
  openEvents,
  openEventsOf,
  mergeEvents,
} from "../../../static/monitoring/js/live/events.js";

const TAG = "fermenter_temp";

/** An event as /events sends it, from one minute past eleven to another; open without the second. */
const item = (id, from, to = null, tag = TAG) => ({
  id,
  tag,
  detector: "level",
  kind: "step_up",
  start: minute(from),
  end: to === null ? null : minute(to),
  score: 5,
  explanation: `${tag} rose`,
});
const minute = (number) => new Date(Date.UTC(2026, 0, 31, 11, number)).toISOString();
const ids = (events) => events.map(({ id }) => id);
const askNow = () => performance.now();
const ALL_OVER = { open: [], areAll: true, newest: [] };

// The module keeps its state: each test begins with the ended events of those before, and no open ones.
beforeEach(() => mergeEvents(ALL_OVER, Infinity));

test("times become milliseconds, the end of an open event stays null", () => {
  const { start, end } = eventOf(item(1, 5));
  assert.equal(start, Date.UTC(2026, 0, 31, 11, 5));
  assert.equal(end, null);
  assert.equal(eventOf(item(1, 5, 6)).end, Date.UTC(2026, 0, 31, 11, 6));
});

test("open events are in order of their starts, the latest first, and indexed by tag", () => {
  receiveEvents([item(11, 1), item(12, 3, null, "pump_rpm"), item(13, 2)]);
  assert.deepEqual(ids(openEvents()), [12, 13, 11]);
  assert.deepEqual(ids(openEventsOf(TAG)), [13, 11]);
  assert.deepEqual(openEventsOf("unknown"), []);
});

test("an event that ends moves to the ended events, the latest end first", () => {
  receiveEvents([item(21, 1), item(22, 2)]);
  receiveEvents([item(21, 1, 59)]);
  assert.deepEqual(ids(openEvents()), [22]);
  assert.equal(ids(endedEvents())[0], 21);
});

test("an event that is missing from the server's open events has ended", () => {
  receiveEvents([item(31, 1), item(32, 2)]);
  mergeEvents({ open: [item(32, 2)], areAll: true, newest: [] }, askNow());
  assert.deepEqual(ids(openEvents()), [32]);
});

test("a response does not undo events that were received after the request", () => {
  const askedAt = askNow() - 1000;
  receiveEvents([item(41, 1, 2), item(42, 3)]);
  mergeEvents({ open: [item(41, 1)], areAll: true, newest: [] }, askedAt);
  assert.deepEqual(ids(openEvents()), [42]);
});

test("a response with some of the open events leaves earlier ones as they are", () => {
  receiveEvents([item(51, 1), item(52, 10)]);
  mergeEvents({ open: [item(53, 5)], areAll: false, newest: [] }, askNow());
  assert.deepEqual(ids(openEvents()), [53, 51]);
  assert.equal(areMoreOpen(), false); // nor is there more to see: the page has all tags
});

test("events that overlap a range, in order of their starts, include those read with the range", () => {
  receiveEvents([item(61, 1, 2), item(62, 4, 6), item(63, 8)]);
  const range = { from: Date.parse(minute(5)), to: Date.parse(minute(9)) };
  const read = [eventOf(item(64, 3, 7)), eventOf(item(62, 4, 5))];
  const found = eventsOver(TAG, range, read).filter(({ id }) => id > 60);
  assert.deepEqual(ids(found), [64, 62, 63]);
  assert.equal(found[1].end, Date.parse(minute(6))); // what the page knows is newer than what was read
});

test("of ended events the newest 500 are kept", () => {
  const many = Array.from({ length: 520 }, (_, i) => {
    const start = new Date(Date.UTC(2026, 1, 1, 0, i)).toISOString();
    return { ...item(1000 + i, 0), start, end: start };
  });
  receiveEvents(many);
  assert.equal(endedEvents().length, 500);
  assert.equal(endedEvents()[0].id, 1519);
  assert.equal(endedEvents().at(-1).id, 1020);
});
