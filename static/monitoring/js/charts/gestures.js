// Pointer control of a chart: drag to zoom in, Shift and drag to move, wheel and pinch to zoom, click to select an
// anomaly or event. Buttons and keys do the same.
const SLACK_PX = 6;
const WHEEL = 0.002; // stretch of the range per pixel of the wheel

/**
 * @typedef {import("../app/view-state.js").Movement} Movement
 * @typedef {import("./tag-chart.js").TagChart} TagChart
 *
 * onRange: the viewer dragged over a range; onMove: moved or zoomed; onMark: clicked an anomaly or event;
 * onUndo: clicked twice elsewhere.
 * @typedef {{onRange: (from: number, to: number) => void, onMove: (movement: Movement) => void,
 *   onMark: (mark: import("./raw-layer.js").Mark | import("./event-bars.js").Bar) => void, onUndo: () => void}}
 *   GestureHandlers
 *
 * A pointer that is down: where it went down and where it is, in pixels of the plot.
 * @typedef {{start: number, x: number}} DownPointer
 */

/**
 * Wire the pointer of a chart.
 * @param {HTMLElement} plot
 * @param {TagChart} chart
 * @param {GestureHandlers} handlers
 */
export function wireGestures(plot, chart, { onRange, onMove, onMark, onUndo }) {
  const band = plot.appendChild(document.createElement("div"));
  band.className = "zoom-range";
  band.hidden = true;
  /** @type {Map<number, DownPointer>} by id */
  const pointers = new Map();
  /** @type {"range" | "move" | "pinch" | null} null while undecided */
  let mode = null;
  /** @param {MouseEvent} event */
  const pixelOf = (event) => event.clientX - plot.getBoundingClientRect().left;
  const stop = () => {
    mode = null;
    band.hidden = true;
    pointers.clear();
  };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, { start: pixelOf(event), x: pixelOf(event) });
    band.hidden = true;
    mode = pointers.size > 1 ? "pinch" : null;
  });

  plot.addEventListener("pointermove", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    if (mode === null && Math.abs(pixelOf(event) - pointer.start) < SLACK_PX) return;
    if (mode === null) plot.setPointerCapture(event.pointerId); // so that the drag may end outside
    mode ??= event.shiftKey ? "move" : "range";
    const before = [...pointers.values()].map(({ x }) => x);
    pointer.x = pixelOf(event);
    if (mode === "range") drawBand(band, pointer);
    else if (mode === "move") onMove({ move: chart.shareOf(before[0] - pointer.x) });
    else
      onMove(
        pinched(
          chart,
          before,
          [...pointers.values()].map(({ x }) => x),
        ),
      );
  });

  plot.addEventListener("pointerup", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    if (mode === "range") {
      const [from, to] = [pointer.start, pointer.x].map((x) => chart.timeAt(x)).sort((a, b) => a - b);
      onRange(from, to);
    }
    const mark = mode === null ? chart.markUnder(event) : null;
    stop();
    if (mark) onMark(mark);
  });
  plot.addEventListener("pointercancel", stop);
  plot.addEventListener("dblclick", (event) => !chart.markUnder(event) && onUndo());
  // Before others, for which Escape has another meaning without a drag.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || mode === null) return;
      event.preventDefault();
      stop();
    },
    { capture: true },
  );

  plot.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      onMove({ stretch: Math.exp(event.deltaY * WHEEL), about: chart.shareAt(pixelOf(event)) });
    },
    { passive: false },
  );
}

/**
 * @param {HTMLElement} band
 * @param {DownPointer} pointer
 */
function drawBand(band, { start, x }) {
  band.hidden = false;
  band.style.left = `${Math.min(start, x)}px`;
  band.style.width = `${Math.abs(x - start)}px`;
}

/**
 * Return the movement of two fingers: the change of their distance stretches, the change of their middle moves.
 * @param {TagChart} chart
 * @param {number[]} before pixels of both fingers
 * @param {number[]} after
 * @returns {Movement}
 */
function pinched(chart, before, after) {
  const [wide, narrow] = [before, after].map(([one, other]) => Math.max(20, Math.abs(one - other)));
  const [was, is] = [before, after].map(([one, other]) => (one + other) / 2);
  const stretch = wide / narrow;
  return { stretch, about: chart.shareAt(is), move: chart.shareOf(was - is) * stretch };
}
