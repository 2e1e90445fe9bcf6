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

test("a tag is normal, since when the points cannot tell", () => {
  assert.deepEqual(found("...."), { state: "normal", word: card.normal, since: null, detail: "", urgency: 0 });
});

test("a tag is normal since the first point after its last anomaly", () => {
  const { state, since } = found(`!${".".repeat(20)}`);
  assert.equal(state, "normal");
  assert.equal(since, NOW - 19000);
});

test("a tag is stale when nothing came for longer than it may be silent", () => {
  assert.equal(found("...", [], NOW + 15000).state, "normal");
  assert.deepEqual(found("...", [], NOW + 15001), {
    state: "stale",
    word: card.stale,
    since: NOW,
    detail: "no reading since 13:00:00",
    urgency: 1,
  });
});

test("an anomaly outside a limit needs a person, one inside does not", () => {
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

test("an anomaly whose beginning is not in sight lasts at least since the first point", () => {
  assert.equal(found("!!!").since, NOW - 2000);
});

test("an anomaly of a moment stays to be seen for ten seconds", () => {
  const recent = found(`..!${".".repeat(10)}`);
  assert.equal(recent.state, "recent");
  assert.equal(recent.detail, "10 s ago: above the limit 40");
  assert.equal(recent.urgency, 1);
  assert.equal(found(`..!${".".repeat(11)}`).state, "normal");
});

test("silence begins a state anew", () => {
  const series = [...points("..").map((point) => ({ ...point, x: point.x - 60000 })), ...points("...")];
  assert.equal(stateOf(TAG, series, [], NOW).since, NOW - 2000);
});

test("an event goes before what is measured: its kind, since when and why", () => {
  assert.deepEqual(found("....", [event()]), {
    state: "event",
    word: "Step up",
    since: NOW - 60000,
    detail: "rose by 4 °C",
    urgency: 2,
  });
});

test("an event beside others says how many, and that the value is outside a limit all the same", () => {
  const { detail } = found("...!", [event(), event({ id: 2 }), event({ id: 3 })]);
  assert.equal(detail, "rose by 4 °C; value above the limit 40; 2 more");
});

test("an event does not hide that no data comes", () => {
  assert.equal(found("...", [event()], NOW + 60000).state, "stale");
  assert.equal(found("", [event()]).state, "empty");
});

test("a tag without limits is never outside one", () => {
  const unlimited = { ...TAG, lower: null, upper: null };
  assert.equal(stateOf(unlimited, points("..!"), [], NOW).urgency, 0);
});
