// The place of a chart: pointer and keyboard do the same to it, and so to all charts.
import { answer } from "./announcer.js";
import { wireChartKeys } from "./chart-keys.js";
import { pointAt, pointedAt, wirePointing } from "./cursor.js";
import { wireGestures } from "./gestures.js";
import { togglePlayback } from "./playback.js";
import { adjust, chooseAnomaly, goLive, rangeShown, showPast, view } from "./view.js";
import { markText } from "./words.js";

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
    inWords: (mark) => (mark.end ? markText(tag, mark) : card.anomalyText(mark)),
  });
  wirePointing(plot, () => (chart.isMade ? chart.chart : null));
  plot.setAttribute("role", "application"); // the arrow keys are the chart's, not the screen reader's
  plot.setAttribute("aria-label", `${tag.name} over time`);
  plot.setAttribute("aria-describedby", "chart-keys");
  plot.tabIndex = 0;
}

/** Points out the anomaly, or zooms into the interval whose anomalies the mark stands for. */
function showMark({ id, start, end: stop }, end) {
  if (!stop) return chooseAnomaly(id === view.anomaly ? null : id);
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
