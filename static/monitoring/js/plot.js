// The place of a chart: pointer and keyboard do the same to it, and so to all charts.
import { wireChartKeys } from "./chart-keys.js";
import { reasonsOf } from "./findings.js";
import { wireGestures } from "./gestures.js";
import { togglePlayback } from "./playback.js";
import { momentText } from "./times.js";
import { adjust, goLive, showPast, view } from "./view.js";
import { markText, valueText, withUnit } from "./words.js";

const ROOM = 0.1; // beside the interval that is zoomed into
const ROOM_MS = 15000;

/** `end()` is the right edge of time. */
export function wirePlot({ plot, tag }, chart, end) {
  const onMove = (movement) => adjust(movement, end());
  const onMark = (mark) => showMark(mark, end());
  wireGestures(plot, chart, { onMove, onMark, onRange: (from, to) => showPast(from, to, end(), { isChoice: true }) });
  wireChartKeys(plot, chart, {
    onMove,
    onMark,
    onLive: () => view.past && goLive(),
    onPlay: togglePlayback,
    inWords: (mark) => inWords(tag, mark),
  });
  plot.setAttribute("role", "application"); // the arrow keys are the chart's, not the screen reader's
  plot.setAttribute("aria-label", `${tag.name} over time`);
  plot.setAttribute("aria-describedby", "chart-keys");
  plot.tabIndex = 0;
}

/** Zooms into the interval whose anomalies the mark stands for. */
function showMark({ start, end: stop }, end) {
  if (!stop) return; // a single measurement: nothing finer is there
  const room = Math.max((stop - start) * ROOM, ROOM_MS);
  showPast(start - room, stop + room, end, { isChoice: true });
}

function inWords(tag, mark) {
  if (mark.end) return markText(tag, mark);
  return `${momentText(mark.x)}: ${withUnit(tag, valueText(tag, mark.y))}, ${reasonsOf(tag, mark.id).join("; ")}`;
}
