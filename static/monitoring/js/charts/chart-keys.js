// A chart by keyboard: it takes the focus, arrows move in time or among anomalies and events.
import { answer } from "../base/announcer.js";
import { MOVES } from "../app/controls.js";

const BY_KEY = {
  "+": MOVES.in,
  "=": MOVES.in,
  "-": MOVES.out,
  ArrowLeft: { move: -0.25 },
  ArrowRight: { move: 0.25 },
};
const ALONG = { ArrowUp: -1, ArrowDown: 1 };
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * `chart` has the stops; `inWords(stop)` says one. The handlers: onMove as in gestures.js,
 * onPoint(stop) when one is reached, onMark(stop) for Enter, onStep(direction) for Shift and the arrows, onLive() for End, onPlay() for Space.
 */
export function wireChartKeys(plot, chart, { inWords, onMove, onPoint, onMark, onStep, onLive, onPlay }) {
  let current = null; // the stop's key: stops are made anew with each drawing

  function walk(direction) {
    const { stops } = chart;
    if (!stops.length) return answer("No anomaly and no event is shown");
    const place = stops.findIndex((stop) => keyOf(stop) === current);
    const next = place < 0 ? (direction > 0 ? 0 : stops.length - 1) : place + direction;
    const index = Math.min(stops.length - 1, Math.max(0, next));
    current = keyOf(stops[index]);
    onPoint(stops[index]);
    chart.pointAt(stops[index]);
    answer(`${index + 1} of ${stops.length}: ${inWords(stops[index])}`);
  }

  function enter() {
    const stop = chart.stops.find((found) => keyOf(found) === current);
    if (stop) onMark(stop);
  }

  plot.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (ALONG[key]) walk(ALONG[key]);
    else if (event.shiftKey && STEPS[key]) onStep(STEPS[key]);
    else if (BY_KEY[key]) onMove(BY_KEY[key]);
    else if (key === "Enter") enter();
    else if (key === "End") onLive();
    else if (key === " ") onPlay();
    else return;
    event.preventDefault();
  });
}

// What is drawn of an event may begin at the chart's edge, which moves; an event stays itself.
const keyOf = ({ events, x }) => (events ? `event ${events[0].id}` : x);
