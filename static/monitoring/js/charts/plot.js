// The controls of one chart. Pointer and keyboard do the same, and act on all charts.
import { announceNow } from "../base/announcer.js";
import { wireChartKeys } from "./chart-keys.js";
import { serverNow } from "../base/clock.js";
import { pointAt, pointedAt, wirePointing } from "./cursor.js";
import { eventsText, eventText } from "../lists/event-words.js";
import { wireGestures } from "./gestures.js";
import { togglePlayback } from "../app/playback.js";
import { rangeText } from "../base/times.js";
import { adjust, chooseAnomaly, chooseEvent, goLive, rangeShown, showPast, undoZoom, view } from "../app/view-state.js";
import { markText } from "../base/words.js";

/**
 * @typedef {import("../app/card.js").Card} Card
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {import("./event-bars.js").Bar} Bar
 * @typedef {import("./raw-layer.js").Mark} Mark
 */

const ROOM = 0.1; // on both sides of an interval that is zoomed into
const ROOM_MS = 15000;
const ENOUGH = 0.9; // of the range: a zoom that would show more than this shows nothing new

/**
 * Wire a card's plot.
 * @param {Card} card
 * @param {import("./tag-chart.js").TagChart} chart
 * @param {() => number} end returns the newest time that charts can show
 */
export function wirePlot(card, chart, end) {
  const { plot, tag } = card;
  /** @type {(movement: import("../app/view-state.js").Movement, isStep?: boolean) => void} */
  const onMove = (movement, isStep = false) => adjust(movement, end(), isStep);
  /** @param {Mark | Bar} mark */
  const onMark = (mark) => showMark(mark, end());
  wireGestures(plot, chart, {
    onMove,
    onMark,
    onUndo: undoZoom,
    onRange: (from, to) => showPast(from, to, end(), { isChoice: true }),
  });
  wireChartKeys(plot, chart, {
    onMove,
    onMark,
    onLive: () => view.past && goLive(),
    onPlay: togglePlayback,
    onStep: (direction) => step(card, direction, rangeShown(end())),
    onPoint: (stop) => pointAt("events" in stop ? stop.x : null),
    inWords: (stop) => stopText(card, stop),
  });
  wirePointing(plot, () => (chart.isMade ? chart.chart : null));
  plot.setAttribute("role", "application"); // so that a screen reader leaves the arrow keys to the chart
  plot.setAttribute("aria-label", `${tag.shownName} over time`);
  plot.setAttribute("aria-describedby", "chart-keys");
  plot.tabIndex = 0;
}

/**
 * @param {Card} card
 * @param {import("./tag-chart.js").Stop} stop
 */
function stopText(card, stop) {
  if (!("events" in stop)) return "end" in stop ? markText(card.tag, stop) : card.anomalyText(stop);
  const { length } = stop.events;
  return length === 1 ? eventText(stop.events[0]) : `${eventsText(length)}, ${rangeText(spanOf(stop.events))}`;
}

/** @param {PlantEvent[]} events in order of their starts */
const spanOf = (events) => ({ from: events[0].start, to: Math.max(...events.map(({ end }) => end ?? serverNow())) });

/**
 * Select or deselect an anomaly or event, or zoom into the interval of several anomalies or events.
 * @param {Mark | Bar} mark
 * @param {number} end
 */
function showMark(mark, end) {
  if ("events" in mark && mark.events.length === 1) {
    const [{ id }] = mark.events;
    return chooseEvent(id === view.event ? null : id);
  }
  if ("id" in mark) return chooseAnomaly(mark.id === view.anomaly ? null : mark.id);
  const { from: start, to: stop } = "events" in mark ? spanOf(mark.events) : { from: mark.start, to: mark.end };
  const room = Math.max((stop - start) * ROOM, ROOM_MS);
  const { from, to } = rangeShown(end);
  // Zoomed in already: a lasting violation leads to its worst measurement.
  if (!("events" in mark) && mark.point && stop - start + 2 * room > ENOUGH * (to - from))
    return chooseAnomaly(mark.point.id === view.anomaly ? null : mark.point.id);
  showPast(start - room, stop + room, end, { isChoice: true });
}

/**
 * Point at the measurement before or after the current moment.
 * @param {Card} card
 * @param {number} direction
 * @param {import("../base/settings.js").TimeRange} range
 */
function step(card, direction, { from, to }) {
  const next = card.layer?.next(pointedAt() ?? (direction > 0 ? from : to), direction) ?? null;
  if (next === null || next < from || next > to) return;
  pointAt(next);
  announceNow(card.pointedText(next));
}
