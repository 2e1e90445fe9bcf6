// The panel below the charts and the dialog of downloads: their scripts load when somebody opens them.
import { setText } from "../base/dom.js";
import { shownText } from "./timeline.js";

/**
 * What the page shows: `range()` is the time of the charts, `shown()` the names of the tags on screen; `drawAll(true)` draws
 * also the charts that are out of view until `drawAll(false)`, and `isReady()` says whether all are drawn.
 * @typedef {{range: () => import("../base/settings.js").TimeRange, isLive: () => boolean, shown: () => string[],
 *   drawAll: (isAll: boolean) => void, isReady: () => boolean}} ShownPage
 */

const panel = document.getElementById("past");
const about = document.getElementById("past-about");

/**
 * Wire the panel and the button. Return a function to call when the view has changed.
 * @param {ShownPage} page
 */
export function wirePast(page) {
  /** @type {Promise<{changed: () => void}> | null} */
  let lists = null;
  panel.addEventListener("toggle", () => {
    if (panel.open) lists ??= loadLists(page);
  });
  for (const link of document.querySelectorAll(".of-range a"))
    link.addEventListener("click", () => (panel.open = true));
  const button = document.getElementById("download-open");
  button.removeAttribute("data-idle");
  button.addEventListener("click", async () => {
    const { openDownload } = await import("./download-dialog.js");
    openDownload(page);
  });
  return async () => {
    setText(about, shownText());
    (await lists)?.changed();
  };
}

/** @param {ShownPage} page */
async function loadLists(page) {
  const { followPast } = await import("../lists/past-lists.js");
  const { wirePrint } = await import("./print-page.js");
  const past = followPast(page);
  wirePrint({ ...page, readPast: past.read });
  return past;
}
