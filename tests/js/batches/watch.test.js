import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf } from "../../../static/monitoring/js/batches/contributions.js";
import {
  minuteAt,
  reduced,
  scoreOptions,
  scoreSentence,
  scoreTable,
  statisticOptions,
} from "../../../static/monitoring/js/batches/watch.js";

const MINUTE_MS = 60000;
const HOUR_MS = 60 * MINUTE_MS;
const ZERO_MS = 10 * HOUR_MS;
const MARKS = {
  zeroMs: ZERO_MS,
  isRunning: true,
  now: 1,
  range: { from: -1, to: 20 },
  regions: [],
  spans: [],
  notes: [],
  samples: [],
  deviations: [{ id: 1, x: 0.05, until: null, label: "DO", tags: ["do"] }],
  watchedUpto: "",
};
const minutes = (count) => Array.from({ length: count }, (_, i) => ZERO_MS + i * MINUTE_MS);
const ANSWER = {
  message: "",
  resolution_s: 60,
  t: minutes(4),
  score: [null, 0.4, 1.6, 0.8],
  families: { E: [null, 0.4, 0.3, 0.8], S: [null, 0.1, 1.6, 0.2] },
  t2: { value: [null, 3, 40, 5], limit: 28 },
  spe: null,
};
const FAMILIES = { E: ["off course", "too high", "too low"], S: ["change", "has risen", "has fallen"] };
const DO = {
  channel: "do",
  title: "DO",
  unit: "%",
  tag: "do",
  family: "E",
  ratio: 4,
  statistic: 5,
  value: 41.2,
  usual: 30,
};
const options = (more = {}) =>
  scoreOptions({ ...ANSWER, ...more }, MARKS, false, { titles: { E: "off course" }, chosenMs: null });

test("the score is an outline over an area, with a line a family and the limit at 1", () => {
  const { lines, bands, marks, room } = options();
  assert.deepEqual(
    lines.map(({ label }) => label),
    ["off course", "S", "score", "limit"],
  );
  assert.deepEqual(lines[2].points[2], [2 / 60, 1.6]);
  assert.deepEqual(lines[3].points[0], [-1, 1]);
  assert.deepEqual(bands[0].points.slice(0, 2), [
    [0, null, null],
    [1 / 60, 0, 0.4],
  ]);
  assert.deepEqual(marks, [{ kind: "deviation", x: 0.05, until: null, label: "DO" }]);
  assert.ok(room.to > 1);
});

test("families differ by dash, not by colour alone", () => {
  const [one, other] = options().lines;
  assert.notDeepEqual(one.dash, other.dash);
  assert.notEqual(one.colour, other.colour);
});

test("700 hours are reduced, and the largest value of a single minute stays", () => {
  const t = minutes(42000);
  const score = t.map(() => 0.3);
  score[31234] = 4.2;
  const spans = reduced(t, [score], ZERO_MS);
  assert.ok(spans.x.length <= 1200);
  assert.equal(Math.max(...spans.high[0]), 4.2);
  assert.equal(Math.min(...spans.low[0]), 0.3);
  assert.equal(minuteAt({ score, t }, 31234 / 60, ZERO_MS), t[31234]);
});

test("the chosen minute is the one at the pointer; beyond the minutes there is none", () => {
  assert.equal(minuteAt(ANSWER, 2.2 / 60, ZERO_MS), ANSWER.t[2]);
  assert.equal(minuteAt(ANSWER, 5, ZERO_MS), null);
  assert.equal(minuteAt(ANSWER, -1, ZERO_MS), null);
  assert.equal(minuteAt({ ...ANSWER, score: [null, null, null, null] }, 0, ZERO_MS), null);
  assert.equal(minuteAt({ ...ANSWER, score: [], t: [] }, 0, ZERO_MS), null);
});

test("a chosen minute is a line in the chart", () => {
  const { chosen } = scoreOptions(ANSWER, MARKS, false, { titles: {}, chosenMs: ANSWER.t[3] });
  assert.equal(chosen, 0.05);
});

test("the sentence tells the last and the largest score, or why there is none", () => {
  assert.equal(scoreSentence(ANSWER), "Last 0.80, at most 1.60; the limit is 1.");
  assert.equal(scoreSentence({ ...ANSWER, score: [null], message: "Not inoculated." }), "Not inoculated.");
  assert.equal(scoreSentence({ ...ANSWER, score: [] }), "No score yet.");
});

test("without minutes the chart is empty, and draws", () => {
  const { lines, bands } = options({ t: [], score: [], families: { E: [] }, t2: null });
  assert.deepEqual([lines[1].points, bands[0].points], [[], []]);
});

test("the table has a column for the score and for each family, newest first", () => {
  const { titles, rows } = scoreTable(options());
  assert.deepEqual(titles, ["Elapsed (h)", "score", "off course", "S"]);
  assert.deepEqual(rows[0], ["0.05", "0.80", "0.80", "0.20"]);
  assert.equal(rows.length, 3); // the first minute has no score
});

test("T² has its own limit, and extremes where it was reduced", () => {
  const { lines } = statisticOptions({ t: ANSWER.t, statistic: ANSWER.t2, title: "T²" }, MARKS, true);
  assert.deepEqual(lines[0].high, [null, 3, 40, 5]);
  assert.equal(lines[1].points[0][1], 28);
});

test("bars share a scale on which the limit has its place, and tell how and how much", () => {
  const [first, second] = barsOf(
    [DO, { channel: "rK", title: "", unit: "", tag: null, family: "S", ratio: 0.9, statistic: -1 }],
    FAMILIES,
  );
  assert.deepEqual([first.bar, first.limit, first.isAbove], ["100.0%", "25.0%", true]);
  assert.equal(first.text, "too high: 41 %, usually 30 %");
  const [{ text }] = barsOf([{ ...DO, value: 29.1534, usual: 29.4213 }], FAMILIES);
  assert.equal(text, "too high: 29.15 %, usually 29.42 %");
  assert.deepEqual([second.title, second.text, second.isAbove], ["rK", "has fallen", false]);
  assert.equal(barsOf([{ ...second, ratio: 0.5, family: "?", statistic: null }], FAMILIES)[0].limit, "50.0%");
});
