// The bars of a chart's events, side by side in lanes where the events overlap in time.

/**
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 *
 * A stretch of the time axis in pixels.
 * @typedef {{left: number, right: number}} Stretch
 *
 * The time of an event in pixels.
 * @typedef {Stretch & {isOpen: boolean}} Span
 *
 * A bar stands for one or several events; `begins`, `ends`: whether the first event's start and end are in view.
 * @typedef {Stretch & {events: PlantEvent[], spans: Span[], lane: number, isOpen: boolean, begins: boolean,
 *   ends: boolean}} Bar
 */

const LEAST_PX = 7; // a shorter bar is hard to see and to hit
const GAP_PX = 2;
const MOST_LANES = 3;

/**
 * Return the bars in order of their left ends. Events that are too close to be told apart, or have no lane left, share
 * one bar.
 * @param {PlantEvent[]} events in order of their starts
 * @param {(time: number) => number} pixelOf
 * @param {Stretch} area the plotted area
 */
export function barsOf(events, pixelOf, area) {
  /** @type {Bar[]} */
  const bars = [];
  /** @type {Bar[]} the last bar of each lane */
  const lasts = [];
  for (const event of events) {
    const bar = barOf(event, pixelOf, area);
    const lane = laneFor(bar, lasts);
    if (lane === null) continue;
    bars.push(bar);
    bar.lane = lane;
    lasts[lane] = bar;
  }
  return bars;
}

/**
 * @param {PlantEvent} event
 * @param {(time: number) => number} pixelOf
 * @param {Stretch} area
 * @returns {Bar}
 */
function barOf(event, pixelOf, area) {
  const until = event.end ?? event.until ?? null;
  const [start, stop] = [pixelOf(event.start), until === null ? area.right : pixelOf(until)];
  const left = Math.max(area.left, Math.min(start, area.right - LEAST_PX));
  const right = Math.min(area.right, Math.max(stop, left + LEAST_PX));
  const span = {
    left: Math.max(area.left, start),
    right: Math.min(area.right, Math.max(stop, start + 1)),
    isOpen: event.end === null,
  };
  return {
    events: [event],
    spans: [span],
    left,
    right,
    lane: 0,
    isOpen: span.isOpen,
    begins: start >= area.left,
    ends: stop < area.right,
  };
}

/**
 * Return the bar's lane; null if the bar has been joined to an earlier one.
 * @param {Bar} bar
 * @param {Bar[]} lasts
 */
function laneFor(bar, lasts) {
  const free = lasts.findIndex(({ right }) => right + GAP_PX <= bar.left);
  if (free >= 0) return free;
  const [{ start }] = bar.events;
  // Apart in time, but not in pixels.
  const near = lasts.find(({ events }) => events.every(({ end }) => end !== null && end <= start));
  if (!near && lasts.length < MOST_LANES) return lasts.length;
  join(near ?? lasts[lasts.length - 1], bar);
  return null;
}

/**
 * @param {Bar} into
 * @param {Bar} bar
 */
function join(into, bar) {
  into.events.push(...bar.events);
  into.spans.push(...bar.spans);
  into.right = Math.max(into.right, bar.right);
  into.isOpen ||= bar.isOpen;
}

/**
 * Return the stretches that any of the spans covers, without overlap, so that nothing is shaded twice.
 * @param {Stretch[]} spans
 */
export function stretchesOf(spans) {
  /** @type {Stretch[]} */
  const stretches = [];
  for (const { left, right } of [...spans].sort((one, other) => one.left - other.left)) {
    const last = stretches.at(-1);
    if (last && left <= last.right) last.right = Math.max(last.right, right);
    else stretches.push({ left, right });
  }
  return stretches;
}
