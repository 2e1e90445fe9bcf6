// A chart by keyboard: it takes the focus, arrows move in time or from anomaly to anomaly.
import { answer } from "./announcer.js";
import { MOVES } from "./controls.js";

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
 * `chart` has the marks; `inWords(mark)` says one. The handlers: onMove as in gestures.js,
 * onMark(mark) for Enter, onStep(direction) for Shift and the arrows, onLive() for End, onPlay() for Space.
 */
export function wireChartKeys(plot, chart, { inWords, onMove, onMark, onStep, onLive, onPlay }) {
  let current = null; // the mark's time: marks are made anew with each drawing

  function walk(direction) {
    const { marks } = chart;
    if (!marks.length) return answer("No anomaly is shown");
    const place = marks.findIndex(({ x }) => x === current);
    const next = place < 0 ? (direction > 0 ? 0 : marks.length - 1) : place + direction;
    const index = Math.min(marks.length - 1, Math.max(0, next));
    current = marks[index].x;
    chart.pointAt(index);
    answer(`${index + 1} of ${marks.length}: ${inWords(marks[index])}`);
  }

  function enter() {
    const mark = chart.marks.find(({ x }) => x === current);
    if (mark) onMark(mark);
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
