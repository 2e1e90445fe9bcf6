// The view that the viewer chose: tags, and the time up to now or a range of the past. All charts show the same range.
import { settings } from "../base/settings.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 *
 * `past`: the range that the charts show, null while they follow the time; `zooms`: the ranges before, to which undoing
 * returns; `charts`: the tags that are shown, in this order (empty: all, by urgency); `show`: "charts" or "values" (empty:
 * as many cards as there are decide); `compare`: tags that share a chart;
 * `search`, `page`: the subset of the tags on a page of a plant with too many tags; `anomaly`, `event`: id of the
 * selected one, null if none is.
 * @typedef {object} ViewState
 * @property {string} tag
 * @property {string} group
 * @property {string[]} compare
 * @property {string[]} charts
 * @property {string} show
 * @property {ShownTime[]} zooms
 * @property {number | null} anomaly
 * @property {number | null} event
 * @property {string} search
 * @property {number} page
 * @property {string} preset
 * @property {TimeRange | null} past
 *
 * The time that the charts show: a preset up to now, or a range of the past.
 * @typedef {{preset: string, past: TimeRange | null}} ShownTime
 *
 * A change of the range: stretch it about a point (0 left, 1 right), and move it by parts of its length.
 * @typedef {{stretch?: number, move?: number, about?: number}} Movement
 *
 * A listener is called with true after a choice, to which the browser's Back returns, with false after a part of a
 * movement, and with null after Back or Forward.
 * @typedef {(isChoice: boolean | null) => void} ViewListener
 *
 * `isStill`: hold the range even if it equals the preset; `isChoice`: the browser's Back returns to the view before.
 * @typedef {{tag?: string, anomaly?: number | null, event?: number | null, isChoice?: boolean, isStill?: boolean}}
 *   PastOptions
 */

const SHORTEST_MS = 1000;
const SAME_LENGTH = 0.01;
const MOST_ZOOMS = 20;
const STEP_MS = 600; // movements that follow each other faster are one step, such as a turn of the wheel
/** @type {ViewListener[]} */
const listeners = [];
const { chosen } = settings;
let movedAt = -Infinity;

/** @type {ViewState} */
export const view = {
  tag: chosen.tag,
  group: chosen.group,
  compare: chosen.compare,
  charts: chosen.charts,
  show: chosen.show,
  zooms: [],
  anomaly: chosen.anomaly,
  event: chosen.event,
  search: settings.part?.search ?? "",
  page: settings.part?.page ?? 1,
  preset: chosen.range,
  past: chosen.from && chosen.to ? { from: Date.parse(chosen.from), to: Date.parse(chosen.to) } : null,
};

export const presetMs = () => settings.presets[view.preset].ms;
export const presetLabel = () => settings.presets[view.preset].label;

/** @param {ViewListener} listener */
export const onViewChange = (listener) => listeners.push(listener);

/**
 * Return the range that the charts show.
 * @param {number} end the newest time that charts can show
 * @returns {TimeRange}
 */
export const rangeShown = (end) => view.past ?? { from: end - presetMs(), to: end };

/**
 * Show only one tag, or all; the group stays if the tag belongs to it.
 * @param {string} tag "" for all
 * @param {string} group of the tag
 */
export function chooseTag(tag, group = "") {
  change({ tag, group: tag && group !== view.group ? "" : view.group }, true);
}

/** @param {string} group "" for all */
export function chooseGroup(group) {
  change({ group, tag: "", charts: [], page: 1 }, true);
}

/**
 * Show only tags with these words in their names or descriptions; for pages with a subset of the tags.
 * @param {string} search
 */
export function chooseSearch(search) {
  change({ search, tag: "", page: 1 }, true);
}

/**
 * Show another subset of the tags.
 * @param {number} page from 1
 */
export function choosePage(page) {
  change({ page, tag: "" }, true);
}

/**
 * Show the charts of these tags in this order.
 * @param {string[]} charts empty: all, by urgency
 */
export function chooseCharts(charts) {
  change({ charts, tag: "", group: charts.length ? "" : view.group, show: "", page: 1 }, true);
}

/** @param {string} show "charts" or "values" */
export function chooseShow(show) {
  change({ show, tag: "" }, true);
}

/**
 * Add the tag to the shared chart, or remove it; a full chart loses the tag that was added first.
 * @param {string} tag
 */
export function toggleCompared(tag) {
  const others = view.compare.filter((name) => name !== tag);
  const compare = others.length < view.compare.length ? others : [...others, tag].slice(-settings.mostCompared);
  change({ compare }, true);
}

export function endComparison() {
  change({ compare: [] }, true);
}

/**
 * Select an anomaly without moving the range.
 * @param {number | null} anomaly
 */
export function chooseAnomaly(anomaly) {
  change({ anomaly, event: null }, true);
}

/**
 * Select an event without moving the range.
 * @param {number | null} event
 */
export function chooseEvent(event) {
  change({ event, anomaly: null }, true);
}

/**
 * Follow the time over the length of a preset.
 * @param {string} preset
 */
export function goLive(preset = view.preset) {
  change({ preset, past: null, zooms: [], anomaly: null, event: null }, true);
}

/** Return to the range before the last zoom or movement. Return whether there was one. */
export function undoZoom() {
  const zooms = [...view.zooms];
  const before = zooms.pop();
  if (!before) return false;
  change({ ...before, zooms }, true);
  return true;
}

/**
 * Restore a view from the browser's history.
 * @param {ViewState} earlier
 */
export function restore(earlier) {
  Object.assign(view, earlier);
  for (const listener of listeners) listener(null);
}

/**
 * Hold the charts at a range, moved so that it does not reach beyond the end. A range that equals the preset follows
 * the time instead.
 * @param {number} from
 * @param {number} to
 * @param {number} end the newest time that charts can show
 * @param {PastOptions} options
 */
export function showPast(
  from,
  to,
  end,
  { tag = view.tag, anomaly = view.anomaly, event = view.event, isChoice = false, isStill = false } = {},
) {
  const length = Math.min(settings.longestMs, Math.max(SHORTEST_MS, to - from));
  const stop = Math.min(end, (from + to + length) / 2);
  const isPreset = !isStill && stop >= end && Math.abs(length / presetMs() - 1) < SAME_LENGTH;
  const past = isPreset ? null : { from: stop - length, to: stop };
  const group = tag === view.tag ? view.group : "";
  const isStep = isChoice || (past === null) !== (view.past === null);
  const { preset, past: before } = view;
  const zooms = isStep ? [...view.zooms, { preset, past: before }].slice(-MOST_ZOOMS) : view.zooms;
  change({ tag, group, past, zooms, anomaly, event }, isStep);
}

/**
 * Stretch or move the range. A step is undone by the browser's Back: each by a button or key, and else the first of
 * movements in quick succession.
 * @param {Movement} movement
 * @param {number} end the newest time that charts can show
 * @param {boolean} isStep
 */
export function adjust({ stretch = 1, move = 0, about = 0.5 }, end, isStep = false) {
  const { from, to } = rangeShown(end);
  const length = to - from;
  const start = from + move * length + about * length * (1 - stretch);
  const time = performance.now();
  const isChoice = isStep || time - movedAt > STEP_MS;
  movedAt = time;
  showPast(start, start + length * stretch, end, { isChoice });
}

/**
 * @param {Partial<ViewState>} changes
 * @param {boolean} isChoice
 */
function change(changes, isChoice) {
  Object.assign(view, changes);
  for (const listener of listeners) listener(isChoice);
}
