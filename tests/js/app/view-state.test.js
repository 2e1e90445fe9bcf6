import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  adjust,
  chooseEvent,
  chooseAnomaly,
  chooseGroup,
  choosePage,
  chooseTag,
  endComparison,
  goLive,
  onViewChange,
  rangeShown,
  restore,
  showPast,
  toggleCompared,
  undoZoom,
  view,
} from "../../../static/monitoring/js/app/view-state.js";

const END = Date.parse("2026-01-31T12:00:00Z");
const MINUTE = 60000;
const PRESET = 5 * MINUTE;
const FIRST = structuredClone(view);
const calls = [];
onViewChange((isChoice) => calls.push(isChoice));

beforeEach(() => {
  restore(structuredClone(FIRST));
  calls.length = 0;
});

test("initially the charts follow the time over the default range", () => {
  assert.equal(view.past, null);
  assert.deepEqual(rangeShown(END), { from: END - PRESET, to: END });
});

test("moving back holds the charts, moving to the end lets them follow again", () => {
  adjust({ move: -1 }, END);
  assert.deepEqual(view.past, { from: END - 2 * PRESET, to: END - PRESET });
  adjust({ move: 1 }, END);
  assert.equal(view.past, null);
});

test("a range never reaches beyond now", () => {
  showPast(END - MINUTE, END + MINUTE, END);
  assert.deepEqual(view.past, { from: END - 2 * MINUTE, to: END });
});

test("zooming keeps the point about which it stretches", () => {
  showPast(END - 4 * PRESET, END - 2 * PRESET, END);
  adjust({ stretch: 0.5, about: 0.25 }, END);
  assert.deepEqual(view.past, { from: END - 3.75 * PRESET, to: END - 2.75 * PRESET });
});

test("no range is shorter than a second", () => {
  showPast(END - PRESET, END - PRESET + 10, END);
  assert.equal(view.past.to - view.past.from, 1000);
});

test("a range that equals the preset can be held still", () => {
  showPast(END - PRESET, END, END, { isStill: true });
  assert.deepEqual(view.past, { from: END - PRESET, to: END });
});

test("listeners can distinguish a choice from a part of a movement", () => {
  showPast(END - 3 * PRESET, END - 2 * PRESET, END); // leaves the present
  showPast(END - 4 * PRESET, END - 3 * PRESET, END); // moves on
  goLive("1h");
  restore(structuredClone(FIRST));
  assert.deepEqual(calls, [true, false, true, null]);
});

test("choosing a tag of another group leaves the group", () => {
  chooseGroup("Fermenter");
  chooseTag("fermenter_temp", "Fermenter");
  assert.deepEqual([view.tag, view.group], ["fermenter_temp", "Fermenter"]);
  chooseTag("pump_rpm");
  assert.deepEqual([view.tag, view.group], ["pump_rpm", ""]);
});

test("choosing a page ends the choice of a tag", () => {
  chooseTag("fermenter_temp");
  choosePage(3);
  assert.deepEqual([view.tag, view.page], ["", 3]);
});

test("either an anomaly or an event is selected", () => {
  chooseAnomaly(7);
  chooseEvent(8);
  assert.deepEqual([view.anomaly, view.event], [null, 8]);
  chooseAnomaly(7);
  assert.deepEqual([view.anomaly, view.event], [7, null]);
});

test("a full shared chart loses the tag that was added first", () => {
  for (const tag of ["a", "b", "c", "d", "e"]) toggleCompared(tag);
  assert.deepEqual(view.compare, ["b", "c", "d", "e"]);
  toggleCompared("c");
  assert.deepEqual(view.compare, ["b", "d", "e"]);
  endComparison();
  assert.deepEqual(view.compare, []);
});

test("undoing a zoom returns to the range before, step by step", () => {
  goLive("1h");
  showPast(END - 4 * MINUTE, END - 2 * MINUTE, END, { isChoice: true });
  showPast(END - 4 * MINUTE, END - 3 * MINUTE, END, { isChoice: true });
  assert.equal(undoZoom(), true);
  assert.deepEqual(view.past, { from: END - 4 * MINUTE, to: END - 2 * MINUTE });
  assert.equal(undoZoom(), true);
  assert.deepEqual([view.past, view.preset], [null, "1h"]);
  assert.equal(undoZoom(), false);
});

test("movements in quick succession are one step for Back and for undoing", () => {
  showPast(END - 9 * PRESET, END - 8 * PRESET, END, { isChoice: true });
  calls.length = 0;
  const { zooms } = view;
  for (let i = 0; i < 5; i++) adjust({ stretch: 0.9 }, END);
  assert.ok(calls.filter((isChoice) => isChoice).length <= 1);
  assert.ok(view.zooms.length <= zooms.length + 1);
});
