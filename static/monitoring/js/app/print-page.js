// Prints the time shown: all charts on screen in light colours, then statistics, events and anomalies.
import { applyTheme } from "../base/theme.js";

const MOST_WAIT_MS = 8000;
const LOOK_EVERY_MS = 100;

/**
 * Wire the button. A browser's own *Print* has only the charts near the view, in the colours of the screen.
 * @param {{drawAll: (isAll: boolean) => void, isReady: () => boolean, readPast: () => Promise<void>}} page `drawAll(true)`
 *   draws also the charts that are out of view until `drawAll(false)`; `isReady()` says whether all are drawn
 */
export function wirePrint({ drawAll, isReady, readPast }) {
  const button = document.getElementById("print");
  button.removeAttribute("data-idle");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const chosen = document.documentElement.dataset.theme ?? null;
    try {
      applyTheme("light");
      drawAll(true);
      await readPast();
      await pause(); // the first frame starts to read what is missing
      for (let waited = 0; !isReady() && waited < MOST_WAIT_MS; waited += LOOK_EVERY_MS) await pause();
      await pause(); // the last frame draws
      window.print();
    } finally {
      drawAll(false);
      applyTheme(chosen);
      button.disabled = false;
    }
  });
}

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
