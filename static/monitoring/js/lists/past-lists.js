// What the time shown has of the tags on screen: statistics, events and anomalies. Read when the viewer comes near.
import { settings } from "../base/settings.js";
import { PagedList } from "./paged-list.js";
import { anomalyRow, eventRow, gapRow, qualityRow } from "./past-rows.js";
import { showStatistics } from "./statistics.js";

/** @typedef {import("../base/settings.js").TimeRange} TimeRange */

const EVERY_MS = 30000;
const AFTER_CHANGE_MS = 400; // a movement is many changes
const NEAR = "300px";

/**
 * Follow the view. Return `changed`, to call when the view has changed, and `read`, which reads at once.
 * @param {{range: () => TimeRange, isLive: () => boolean, shown: () => string[]}} page `shown()` returns the names of the tags
 *   on screen
 */
export function followPast({ range, isLive, shown }) {
  const root = document.getElementById("past");
  const events = new PagedList(document.getElementById("past-events"), {
    url: settings.urls.events,
    rowOf: eventRow,
    none: "None in the time shown.",
  });
  const anomalies = new PagedList(document.getElementById("past-anomalies"), {
    url: settings.urls.anomalies,
    rowOf: anomalyRow,
    none: "None in the time shown.",
  });
  const none = "None in the time shown.";
  /** @type {PagedList<any>[]} */
  const lists = [events, anomalies];
  const [quality, gaps] = [document.getElementById("past-quality"), document.getElementById("past-gaps")];
  if (quality) lists.push(new PagedList(quality, { url: settings.urls.quality, rowOf: qualityRow, none }));
  if (gaps) lists.push(new PagedList(gaps, { url: settings.urls.gaps, rowOf: gapRow, none }));
  let isNear = false;
  let isStale = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let newest = 0;
  const soon = (/** @type {number} */ waitMs) => {
    newest += 1;
    clearTimeout(timer);
    timer = setTimeout(follow, waitMs);
  };
  async function follow() {
    const own = newest;
    if (isNear && !document.hidden && (isStale || isLive())) await read();
    if (own === newest) soon(EVERY_MS); // else the next read is planned already
  }
  async function read() {
    const tags = shown();
    const bounds = boundsOf(range());
    const parameters = { ...bounds, tag: tags };
    const act = isStale ? "start" : "renew";
    isStale = false;
    if (tags.length) await Promise.all(lists.map((list) => list[act](parameters)));
    else for (const list of lists) list.show([], null);
    await showStatistics(tags, bounds);
  }
  const changed = () => {
    isStale = true;
    soon(AFTER_CHANGE_MS);
  };
  new IntersectionObserver(
    (entries) => {
      isNear = entries.some(({ isIntersecting }) => isIntersecting);
      if (isNear) soon(0);
    },
    { rootMargin: NEAR },
  ).observe(root);
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  return { changed, read };
}

/** @param {TimeRange} range */
const boundsOf = ({ from, to }) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
