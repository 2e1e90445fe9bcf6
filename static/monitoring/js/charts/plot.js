// The place of a chart: pointer and keyboard do the same to it, and so to all charts.
import { answer } from "../base/announcer.js";
import { wireChartKeys } from "./chart-keys.js";
import { serverNow } from "../base/clock.js";
import { pointAt, pointedAt, wirePointing } from "./cursor.js";
import { eventsText, eventText } from "../lists/event-words.js";
import { wireGestures } from "./gestures.js";
import { togglePlayback } from "../app/playback.js";
import { rangeText } from "../base/times.js";
import { adjust, chooseAnomaly, chooseEvent, goLive, rangeShown, showPast, view } from "../app/view.js";
import { markText } from "../base/words.js";

const ROOM = 0.1; // beside the interval that is zoomed into
const ROOM_MS = 15000;

/** `end()` is the right edge of time. */
export function wirePlot(card, chart, end) {
  const { plot, tag } = card;
  const onMove = (movement) => adjust(movement, end());
  const onMark = (mark) => showMark(mark, end());
  wireGestures(plot, chart, { onMove, onMark, onRange: (from, to) => showPast(from, to, end(), { isChoice: true }) });
  wireChartKeys(plot, chart, {
    onMove,
    onMark,
    onLive: () => view.past && goLive(),
    onPlay: togglePlayback,
    onStep: (direction) => step(card, direction, rangeShown(end())),
    onPoint: ({ events, x }) => pointAt(events ? x : null),
    inWords: (stop) => stopText(card, stop),
  });
  wirePointing(plot, () => (chart.isMade ? chart.chart : null));
  plot.setAttribute("role", "application"); // the arrow keys are the chart's, not the screen reader's
  plot.setAttribute("aria-label", `${tag.name} over time`);
  plot.setAttribute("aria-describedby", "chart-keys");
  plot.tabIndex = 0;
}

function stopText(card, stop) {
  if (!stop.events) return stop.end ? markText(card.tag, stop) : card.anomalyText(stop);
  const { length } = stop.events;
  return length === 1 ? eventText(stop.events[0]) : `${eventsText(length)}, ${rangeText(spanOf(stop.events))}`;
}

const spanOf = (events) => ({ from: events[0].start, to: Math.max(...events.map(({ end }) => end ?? serverNow())) });

/** Points out the anomaly or event, or zooms into the interval whose anomalies or events the mark stands for. */
function showMark({ id, events, ...interval }, end) {
  if (events?.length === 1) return chooseEvent(events[0].id === view.event ? null : events[0].id);
  if (!events && !interval.end) return chooseAnomaly(id === view.anomaly ? null : id);
  const { from: start, to: stop } = events ? spanOf(events) : { from: interval.start, to: interval.end };
  const room = Math.max((stop - start) * ROOM, ROOM_MS);
  showPast(start - room, stop + room, end, { isChoice: true });
}

/** Points at the measurement before or after the moment that is pointed at. */
function step(card, direction, { from, to }) {
  const next = card.layer?.next(pointedAt() ?? (direction > 0 ? from : to), direction) ?? null;
  if (next === null || next < from || next > to) return;
  pointAt(next);
  answer(card.pointedText(next));
}
