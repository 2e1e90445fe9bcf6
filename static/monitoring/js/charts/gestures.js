// What a pointer does on a chart: drag to zoom in, Shift and drag to move, wheel and pinch to zoom, click an anomaly or event.
// The buttons and keys do the same for who can't.
const SLACK_PX = 6;
const WHEEL = 0.002; // how much a pixel of the wheel stretches

/**
 * `chart` tells times and marks from pixels. The handlers: onRange(from, to) when a range was drawn,
 * onMove({stretch, move, about}) as in adjust(), onMark(mark) when an anomaly or an event was clicked.
 */
export function wireGestures(plot, chart, { onRange, onMove, onMark }) {
  const band = plot.appendChild(document.createElement("div"));
  band.className = "zoom-range";
  band.hidden = true;
  const pointers = new Map(); // those that are down, by id: {start, x}
  let mode = null; // null until it is clear; range, move or pinch
  const place = (event) => event.clientX - plot.getBoundingClientRect().left;
  const stop = () => {
    mode = null;
    band.hidden = true;
    pointers.clear();
  };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, { start: place(event), x: place(event) });
    band.hidden = true;
    mode = pointers.size > 1 ? "pinch" : null;
  });

  plot.addEventListener("pointermove", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    if (mode === null && Math.abs(place(event) - pointer.start) < SLACK_PX) return;
    if (mode === null) plot.setPointerCapture(event.pointerId); // so that the drag may end outside
    mode ??= event.shiftKey ? "move" : "range";
    const before = [...pointers.values()].map(({ x }) => x);
    pointer.x = place(event);
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
    if (mode === "range") onRange(...[pointer.start, pointer.x].map((x) => chart.timeAt(x)).sort((a, b) => a - b));
    const mark = mode === null && chart.markUnder(event);
    stop();
    if (mark) onMark(mark);
  });
  plot.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", (event) => event.key === "Escape" && stop());

  plot.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      onMove({ stretch: Math.exp(event.deltaY * WHEEL), about: chart.shareAt(place(event)) });
    },
    { passive: false },
  );
}

function drawBand(band, { start, x }) {
  band.hidden = false;
  band.style.left = `${Math.min(start, x)}px`;
  band.style.width = `${Math.abs(x - start)}px`;
}

/** Two fingers: their distance stretches, their middle moves. */
function pinched(chart, before, after) {
  const [wide, narrow] = [before, after].map(([one, other]) => Math.max(20, Math.abs(one - other)));
  const [was, is] = [before, after].map(([one, other]) => (one + other) / 2);
  const stretch = wide / narrow;
  return { stretch, about: chart.shareAt(is), move: chart.shareOf(was - is) * stretch };
}
