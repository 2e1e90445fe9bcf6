// What the viewer chose: tags, and the time up to now or a range of the past. All charts show the same.
import { settings } from "../base/settings.js";

const SHORTEST_MS = 1000;
const SAME_LENGTH = 0.01;
const listeners = [];
const { chosen } = settings;

/**
 * `past` is {from, to} in epoch milliseconds, null while the charts follow the time; `compare` are the tags
 * that share a chart; `search` and `page` say which of too many tags there are; `anomaly` or `event` is the id of one that is pointed out, null if none is.
 */
export const view = {
  tag: chosen.tag,
  group: chosen.group,
  compare: chosen.compare,
  anomaly: chosen.anomaly,
  event: chosen.event,
  search: settings.part?.search ?? "",
  page: settings.part?.page ?? 1,
  preset: chosen.range,
  past: chosen.from ? { from: Date.parse(chosen.from), to: Date.parse(chosen.to) } : null,
};

export const presetMs = () => settings.presets[view.preset].ms;
export const presetLabel = () => settings.presets[view.preset].label;

/** The listener is called with whether the change was a choice, to come back to, or a part of a movement. */
export const onViewChange = (listener) => listeners.push(listener);

/** The times to show, given the newest that there can be. */
export const rangeShown = (end) => view.past ?? { from: end - presetMs(), to: end };

/** Only this tag, or all of them; the group stays if the tag is one of it. */
export function chooseTag(tag, group = "") {
  change({ tag, group: tag && group !== view.group ? "" : view.group }, true);
}

export function chooseGroup(group) {
  change({ group, tag: "", page: 1 }, true);
}

/** Only tags with these words in their names or descriptions; for pages that have a part of the tags. */
export function chooseSearch(search) {
  change({ search, tag: "", page: 1 }, true);
}

/** Those that come so many pages later. */
export function choosePage(page) {
  change({ page, tag: "" }, true);
}

/** Puts the tag into the chart that several share, or takes it out; a full one loses what came first. */
export function toggleCompared(tag) {
  const others = view.compare.filter((name) => name !== tag);
  const compare = others.length < view.compare.length ? others : [...others, tag].slice(-settings.mostCompared);
  change({ compare }, true);
}

export function endComparison() {
  change({ compare: [] }, true);
}

/** Points an anomaly out, where it is. */
export function chooseAnomaly(anomaly) {
  change({ anomaly, event: null }, true);
}

/** Points an event out, where it is. */
export function chooseEvent(event) {
  change({ event, anomaly: null }, true);
}

/** Follows the time, over the length of the preset. */
export function goLive(preset = view.preset) {
  change({ preset, past: null, anomaly: null, event: null }, true);
}

/** Takes the view that was shown before, as the browser's history kept it. */
export function restore(earlier) {
  Object.assign(view, earlier);
  for (const listener of listeners) listener(null);
}

/**
 * Holds the charts at a range, as far as it has passed. One that is all of the preset follows the time,
 * unless it `isStill`. `isChoice`: the browser's Back leads to before it.
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
  change({ tag, group, past, anomaly, event }, isChoice || (past === null) !== (view.past === null));
}

/** The range stretched about a place in it (0 left, 1 right), or moved by parts of its length. */
export function adjust({ stretch = 1, move = 0, about = 0.5 }, end) {
  const { from, to } = rangeShown(end);
  const length = to - from;
  const start = from + move * length + about * length * (1 - stretch);
  showPast(start, start + length * stretch, end);
}

function change(changes, isChoice) {
  Object.assign(view, changes);
  for (const listener of listeners) listener(isChoice);
}
