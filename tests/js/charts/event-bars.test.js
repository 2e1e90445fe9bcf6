import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf, stretchesOf } from "../../../static/monitoring/js/charts/event-bars.js";

const AREA = { left: 0, right: 1000 };
const event = (id, start, end = null) => ({ id, start, end });
const draw = (...events) => barsOf(events, (time) => time, AREA);
const lanes = (bars) => bars.map(({ lane }) => lane);

test("events apart in time share a lane", () => {
  assert.deepEqual(lanes(draw(event(1, 0, 100), event(2, 200, 300))), [0, 0]);
});

test("events that overlap are in different lanes", () => {
  assert.deepEqual(lanes(draw(event(1, 0, 300), event(2, 100, 200), event(3, 150))), [0, 1, 2]);
});

test("an event without a free lane joins an earlier bar", () => {
  const bars = draw(event(1, 0), event(2, 10), event(3, 20), event(4, 30));
  assert.equal(bars.length, 3);
  assert.deepEqual(
    bars[2].events.map(({ id }) => id),
    [3, 4],
  );
});

test("events too close to be told apart share one bar, open if one of its events is", () => {
  const [bar, ...others] = draw(event(1, 100, 101), event(2, 103));
  assert.equal(others.length, 0);
  assert.deepEqual(
    bar.events.map(({ id }) => id),
    [1, 2],
  );
  assert.equal(bar.isOpen, true);
  assert.equal(bar.right, 1000);
});

test("a short bar is lengthened so that it can be hit, its span is not", () => {
  const [{ left, right, spans }] = draw(event(1, 500, 500));
  assert.deepEqual([left, right], [500, 507]);
  assert.deepEqual(spans, [{ left: 500, right: 501, isOpen: false }]);
});

test("a bar has whether its event begins and ends in view", () => {
  const [{ begins, ends, left, right }] = draw(event(1, -50, 2000));
  assert.deepEqual({ begins, ends, left, right }, { begins: false, ends: false, left: 0, right: 1000 });
});

test("stretches cover what any span covers, and nothing twice", () => {
  const spans = [
    [50, 60],
    [0, 10],
    [5, 20],
    [20, 30],
  ].map(([left, right]) => ({ left, right }));
  assert.deepEqual(stretchesOf(spans), [
    { left: 0, right: 30 },
    { left: 50, right: 60 },
  ]);
  assert.deepEqual(spans[1], { left: 0, right: 10 });
});
