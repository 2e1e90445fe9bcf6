// Zooming by dragging along a chart. The buttons do the same for who can't drag.
import { resetZoom } from "./view.js";

const SLACK_PX = 6;

/** `chart` tells times from pixels; `onRange(from, to)` is called when a range was drawn. */
export function zoomByDragging(plot, chart, onRange) {
  const band = document.createElement("div");
  band.className = "zoom-range";
  band.hidden = true;
  plot.append(band);
  let start = null;
  const place = (event) => event.clientX - plot.getBoundingClientRect().left;
  const stop = () => {
    start = null;
    band.hidden = true;
  };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.isPrimary) start = place(event);
  });
  plot.addEventListener("pointermove", (event) => {
    if (start === null || (band.hidden && Math.abs(place(event) - start) < SLACK_PX)) return;
    plot.setPointerCapture(event.pointerId); // so that the drag may end outside
    band.hidden = false;
    band.style.left = `${Math.min(start, place(event))}px`;
    band.style.width = `${Math.abs(place(event) - start)}px`;
  });
  plot.addEventListener("pointerup", (event) => {
    if (start !== null && !band.hidden) {
      const times = [chart.timeAt(start), chart.timeAt(place(event))].sort((a, b) => a - b);
      onRange(...times);
    }
    stop();
  });
  plot.addEventListener("pointercancel", stop);
  plot.addEventListener("dblclick", resetZoom);
  document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
}
