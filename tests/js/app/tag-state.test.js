import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf } from "../../../static/monitoring/js/app/tag-state.js";
import { settings, tagOf } from "../../../static/monitoring/js/base/settings.js";
import { storeViolations } from "../../../static/monitoring/js/live/rule-violations.js";

const TAG = tagOf("fermenter_temp"); // 30 to 40 °C, stale after 15 s
const NOW = Date.parse("2026-01-31T12:00:00Z");
const { card } = settings.words;

/** Points a second apart, the last one now: "." is normal, "!" above the limit, "~" an anomaly within the limits. */
const points = (pattern) =>
  [...pattern].map((kind, i) => ({
    x: NOW - (pattern.length - 1 - i) * 1000,
    y: kind === "!" ? 41 : 37,
    anomaly: kind !== ".",
    id: i,
  }));
const found = (pattern, events = [], now = NOW) => stateOf(TAG, points(pattern), events, now);
const event = (changes = {}) => ({
  id: 1,
  tag: TAG.name,
  detector: "level",
  kind: "step_up",
  start: NOW - 60000,
  end: null,
  score: 5,
  explanation: `${TAG.name} rose by 4 °C`,
  ...changes,
});

storeViolations(
  Array.from({ length: 100 }, (_, id) => ({ id, findings: [{ reason: "above_limit", lower: null, upper: 40 }] })),
);

test("a tag without measurements is empty and needs no attention", () => {
  assert.deepEqual(found(""), { state: "empty", word: card.empty, since: null, detail: "", urgency: 0 });
});

test("a tag is normal without a start if the points do not reach back far enough", () => {
  assert.deepEqual(found("...."), { state: "normal", word: card.normal, since: null, detail: "", urgency: 0 });
});

test("a tag is normal since the first point after its last anomaly", () => {
  const { state, since } = found(`!${".".repeat(20)}`);
  assert.equal(state, "normal");
  assert.equal(since, NOW - 19000);
});

test("a tag is stale after a longer silence than its definition allows", () => {
  assert.equal(found("...", [], NOW + 15000).state, "normal");
  assert.deepEqual(found("...", [], NOW + 15001), {
    state: "stale",
    word: card.stale,
    since: NOW,
    detail: "no reading since 13:00:00",
    urgency: 1,
  });
});

test("an anomaly that violates a limit is urgent, another is not", () => {
  const outside = found("...!!");
  assert.deepEqual(outside, {
    state: "anomaly",
    word: card.anomaly,
    since: NOW - 1000,
    detail: "above the limit 40",
    urgency: 1,
  });
  assert.equal(found("...~~").urgency, 0);
});

test("an anomaly that began before the first point lasts at least since then", () => {
  assert.equal(found("!!!").since, NOW - 2000);
});

test("a short anomaly stays visible for ten seconds", () => {
  const recent = found(`..!${".".repeat(10)}`);
  assert.equal(recent.state, "recent");
  assert.equal(recent.detail, "10 s ago: above the limit 40");
  assert.equal(recent.urgency, 1);
  assert.equal(found(`..!${".".repeat(11)}`).state, "normal");
});

test("a state begins again after a silence", () => {
  const series = [...points("..").map((point) => ({ ...point, x: point.x - 60000 })), ...points("...")];
  assert.equal(stateOf(TAG, series, [], NOW).since, NOW - 2000);
});

test("an event precedes the measured state: its kind, start and explanation", () => {
  assert.deepEqual(found("....", [event()]), {
    state: "event",
    word: "Step up",
    since: NOW - 60000,
    detail: "rose by 4 °C",
    urgency: 2,
  });
});

test("the detail of an event has the number of others and a limit violation", () => {
  const { detail } = found("...!", [event(), event({ id: 2 }), event({ id: 3 })]);
  assert.equal(detail, "rose by 4 °C; value above the limit 40; 2 more");
});

test("an event does not hide missing data", () => {
  assert.equal(found("...", [event()], NOW + 60000).state, "stale");
  assert.equal(found("", [event()]).state, "empty");
});

test("a tag without limits never violates one", () => {
  const unlimited = { ...TAG, lower: null, upper: null };
  assert.equal(stateOf(unlimited, points("..!"), [], NOW).urgency, 0);
});
