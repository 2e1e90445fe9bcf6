import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadText, lastingText, stateOf } from "../../../static/monitoring/js/app/tag-state.js";
import { casesIn } from "../cases.js";
import { settings, tagOf } from "../../../static/monitoring/js/base/settings.js";
import { momentText } from "../../../static/monitoring/js/base/times.js";
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
const found = (pattern, events = [], now = NOW) => stateOf(TAG, { points: points(pattern), events }, now);
const alarmed = (changes, pattern = "...", now = NOW) =>
  stateOf(TAG, { points: points(pattern), events: [event()], alarm: alarm(changes) }, now);
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

const alarm = (changes = {}) => ({
  kind: "H",
  active: true,
  activeAt: NOW - 540000,
  clearedAt: null,
  word: "Alarm: High",
  detail: "above 40 °C; not acknowledged",
  urgency: 10,
  ...changes,
});

storeViolations(
  Array.from({ length: 100 }, (_, id) => ({ id, findings: [{ reason: "above_limit", lower: null, upper: 40 }] })),
);

const before = (seconds) => (seconds === null ? null : NOW - seconds * 1000);

for (const [i, one] of casesIn("cards.json").cards.entries()) {
  test(`a card of one measurement is as the server makes it: ${one.name}`, () => {
    const id = 1000 + i;
    storeViolations([{ id, findings: one.reasons }]);
    const x = before(one.ageS);
    const evidence = {
      points: one.value === null ? [] : [{ x, us: 0, y: one.value, anomaly: one.anomaly, id }],
      events: one.events.map((found) => event({ ...found, start: before(found.ageS) })),
      alarm: one.alarm && { ...one.alarm, activeAt: before(one.alarm.activeS), clearedAt: before(one.alarm.clearedS) },
      outsideSince: before(one.outsideS),
      confirmedUntil: one.confirmedS === undefined ? undefined : before(one.confirmedS),
      isWall: one.isWall,
    };
    const { state, word, urgency, detail } = stateOf(TAG, evidence, NOW);
    const expected = [one.state, one.word, one.urgency, one.detail.replace("{time}", momentText(x))];
    assert.deepEqual([state, word, urgency, detail], expected);
    assert.equal(lastingText(stateOf(TAG, evidence, NOW), before(one.normalS), NOW), one.lasting);
  });
}

test("readings ahead of time are counted as the server counts them", () => {
  for (const { count, seconds, text } of casesIn("cards.json").ahead)
    assert.equal(aheadText({ count, ms: seconds * 1000 }), text);
  assert.equal(aheadText({ count: 2500, ms: 7200000 }), "1000 or more readings ahead of time, up to 2 h");
});

test("a tag without measurements is empty and needs no attention", () => {
  assert.deepEqual(found(""), {
    state: "empty",
    word: card.empty,
    since: null,
    isPast: false,
    detail: "",
    urgency: 0,
  });
});

test("a tag is normal without a start if the points do not reach back far enough", () => {
  assert.deepEqual([found("....").state, found("....").since], ["normal", null]);
});

test("a tag is normal since the first point after its last anomaly", () => {
  const { state, since } = found(`!${".".repeat(20)}`);
  assert.equal(state, "normal");
  assert.equal(since, NOW - 19000);
});

test("a tag is stale after a longer silence than its definition allows", () => {
  assert.equal(found("...", [], NOW + 15000).state, "normal");
  const { state, word, since, detail, urgency } = found("...", [], NOW + 15001);
  assert.deepEqual([state, word, since, urgency], ["stale", card.stale, NOW, 1]);
  assert.equal(detail, "no reading since 13:00:00");
});

test("a value outside a limit is urgent, and its reason is the limit alone", () => {
  const { state, word, since, detail, urgency } = found("...!!");
  assert.deepEqual([state, word, since, urgency], ["outside", card.outside, NOW - 1000, 3]);
  assert.equal(detail, "above the limit 40");
});

test("a violation of the 3σ rule alone has another word and no urgency", () => {
  const { state, word, urgency } = found("...~~");
  assert.deepEqual([state, word, urgency], ["unusual", card.unusual, 0]);
});

test("a wall screen shows neither violations of the 3σ rule nor explanations of events", () => {
  assert.equal(stateOf(TAG, { points: points("...."), events: [event()], isWall: true }, NOW).detail, "");
  assert.equal(stateOf(TAG, { points: points("...~~"), isWall: true }, NOW).state, "normal");
  assert.equal(stateOf(TAG, { points: points("...!!"), isWall: true }, NOW).state, "outside");
});

test("an excursion that began before the first point lasts since the time that the server gave", () => {
  assert.equal(found("!!!").since, NOW - 2000);
  const outsideSince = NOW - 540000;
  assert.equal(stateOf(TAG, { points: points("!!!"), outsideSince }, NOW).since, outsideSince);
  assert.equal(stateOf(TAG, { points: points(".!!"), outsideSince }, NOW).since, NOW - 1000);
});

test("an excursion goes on through a violation of the 3σ rule and through a silence", () => {
  const series = [...points(".!").map((point) => ({ ...point, x: point.x - 60000 })), ...points("!!")];
  assert.equal(stateOf(TAG, { points: series }, NOW).since, NOW - 60000);
});

test("a short excursion stays visible for ten seconds", () => {
  const recent = found(`..!${".".repeat(10)}`);
  assert.equal(recent.state, "recent");
  assert.equal(recent.detail, "10 s ago: above the limit 40");
  assert.equal(recent.urgency, 3);
  assert.equal(found(`..!${".".repeat(11)}`).state, "normal");
});

test("normal begins again after a silence", () => {
  const series = [...points("..").map((point) => ({ ...point, x: point.x - 60000 })), ...points("...")];
  assert.equal(stateOf(TAG, { points: series }, NOW).since, NOW - 2000);
});

test("an event precedes a violation of the 3σ rule: its kind, start and explanation", () => {
  const { state, word, since, isPast, detail, urgency } = found("..~~", [event({ kind: "drift" })]);
  assert.deepEqual([state, word, since, isPast, urgency], ["event", "Drift", NOW - 60000, false, 2]);
  assert.equal(detail, "rose by 4 °C");
});

test("an event of a moment is of some time ago, and a spike is over", () => {
  assert.equal(found("....", [event()]).isPast, true);
  const spike = event({ kind: "spike", explanation: `${TAG.name} jumped to 45` });
  assert.equal(found("....", [spike]).detail, "back to normal; jumped to 45");
  assert.equal(found("...~", [spike]).detail, "jumped to 45");
});

test("a limit outranks an event and the missing data, and all are said", () => {
  const others = [event(), event({ id: 2 }), event({ id: 3 })];
  assert.deepEqual(
    [found("...!", others).state, found("...!", others).detail],
    ["outside", "above the limit 40; Step up"],
  );
  const stale = found("...!", others, NOW + 60000);
  assert.deepEqual([stale.state, stale.detail], ["outside", "above the limit 40; no reading since 13:00:00"]);
});

test("the detail of an event has the number of others", () => {
  const { detail } = found("....", [event(), event({ id: 2 }), event({ id: 3 })]);
  assert.equal(detail, "rose by 4 °C; 2 more");
});

test("an event does not hide missing data", () => {
  assert.equal(found("...", [event()], NOW + 60000).state, "stale");
  assert.equal(found("", [event()]).state, "empty");
});

test("an alarm precedes all, in the words of the server, and since when", () => {
  assert.deepEqual(alarmed({}, "..!"), {
    state: "alarm",
    word: "Alarm: High",
    since: NOW - 540000,
    isPast: false,
    detail: "above 40 °C; not acknowledged",
    urgency: 10,
  });
});

test("an alarm that has returned is of some time ago", () => {
  const { since, isPast } = alarmed({ active: false, clearedAt: NOW - 60000 });
  assert.deepEqual([since, isPast], [NOW - 60000, true]);
});

test("an alarm hides neither missing data nor another limit", () => {
  assert.equal(alarmed({}, "...", NOW + 60000).detail, "above 40 °C; not acknowledged; no reading since 13:00:00");
  const stuck = alarmed({ kind: "EVENT:stuck", detail: "not acknowledged" }, "..!");
  assert.equal(stuck.detail, "not acknowledged; out of limit, above the limit 40");
});

test("a tag without limits never violates one", () => {
  const unlimited = { ...TAG, lower: null, upper: null };
  assert.equal(stateOf(unlimited, { points: points("..!") }, NOW).urgency, 0);
});
