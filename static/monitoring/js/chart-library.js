// Whether Chart.js came. Nothing else waits for it.
const PATIENCE_MS = 8000;

/** Calls `ready(Chart)` when it is there and `trouble()` when it is not coming; ready may still follow. */
export function whenChartLoads({ ready, trouble }) {
  const script = document.getElementById("chart-script");
  let there = false;
  const look = () => {
    if (there) return;
    there = Boolean(window.Chart);
    if (there) ready(window.Chart);
  };
  const giveUp = () => {
    look();
    if (!there) trouble();
  };
  look();
  if (!script) return giveUp();
  script.addEventListener("load", giveUp);
  script.addEventListener("error", giveUp);
  // It may have failed before this module ran; the page's load event comes after both.
  if (document.readyState === "complete") giveUp();
  else window.addEventListener("load", giveUp);
  setTimeout(giveUp, PATIENCE_MS); // a server that accepts and never answers
}
