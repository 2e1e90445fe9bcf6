// Keyboard control of a focused chart: arrows move in time or among anomalies and events.
import { announceNow } from "../base/announcer.js";
import { MOVES } from "../app/controls.js";

/**
 * @typedef {import("./tag-chart.js").Stop} Stop
 *
 * `inWords(stop)` describes a stop. onPoint: a stop was reached; onMark: Enter; onStep(-1 or 1): Shift and an arrow;
 * onLive: End; onPlay: Space.
 * @typedef {object} KeyHandlers
 * @property {(stop: Stop) => string} inWords
 * @property {(movement: import("../app/view-state.js").Movement, isStep: boolean) => void} onMove
 * @property {(stop: Stop) => void} onPoint
 * @property {(stop: Stop) => void} onMark
 * @property {(direction: number) => void} onStep
 * @property {() => void} onLive
 * @property {() => void} onPlay
 */

/** @type {Record<string, import("../app/view-state.js").Movement>} */
const BY_KEY = {
  "+": MOVES.in,
  "=": MOVES.in,
  "-": MOVES.out,
  ArrowLeft: { move: -0.25 },
  ArrowRight: { move: 0.25 },
};
/** @type {Record<string, number>} */
const ALONG = { ArrowUp: -1, ArrowDown: 1 };
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * Wire the keys of a chart.
 * @param {HTMLElement} plot
 * @param {import("./tag-chart.js").TagChart} chart
 * @param {KeyHandlers} handlers
 */
export function wireChartKeys(plot, chart, { inWords, onMove, onPoint, onMark, onStep, onLive, onPlay }) {
  /** @type {string | number | null} the current stop's key: each drawing makes new stops */
  let current = null;

  /** @param {number} direction */
  function walk(direction) {
    const { stops } = chart;
    if (!stops.length) return announceNow("No anomaly and no event is shown");
    const found = stops.findIndex((stop) => keyOf(stop) === current);
    const next = found < 0 ? (direction > 0 ? 0 : stops.length - 1) : found + direction;
    const index = Math.min(stops.length - 1, Math.max(0, next));
    current = keyOf(stops[index]);
    onPoint(stops[index]);
    chart.pointAt(stops[index]);
    announceNow(`${index + 1} of ${stops.length}: ${inWords(stops[index])}`);
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
    else if (BY_KEY[key]) onMove(BY_KEY[key], !event.repeat);
    else if (key === "Enter") enter();
    else if (key === "End") onLive();
    else if (key === " ") onPlay();
    else return;
    event.preventDefault();
  });
}

/**
 * Return the identity of a stop. The drawn start of an event may be the chart's edge, which moves: the id does not.
 * @param {Stop} stop
 */
const keyOf = (stop) => ("events" in stop ? `event ${stop.events[0].id}` : stop.x);
