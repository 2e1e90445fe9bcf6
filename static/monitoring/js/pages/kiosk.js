// The wall screen: all cards at once and nothing to click. It runs for months without a person, so it renews itself.
import { TagSummary } from "../app/tag-summary.js";
import { serverNow } from "../base/clock.js";
import { startFeed } from "../live/feed.js";
import { storeViolations } from "../live/rule-violations.js";
import { pageNow, watchForTags } from "../live/new-tags.js";
import { newestOfAll, noteCount, tagPage } from "../app/tag-page.js";
import { LIVE_MS, settings, tagOf } from "../base/settings.js";
import { noteContact, noteMode, showLink, showNotices, showProblems } from "../live/status.js";
import { localiseTimes } from "../base/times.js";

const WORDS_EVERY_MS = 200;
const TICK_MS = 1000; // ages grow, and stopped data must show, even when nothing arrives
const RENEW_MS = 30 * 60000; // for changed limits and a newer version of this page
const RENEW_PART_MS = 60000; // other tags may be more urgent by now, and come first
const cards = new Map(
  [...document.querySelectorAll(".card")].map((node) => {
    const name = node.dataset.tag ?? "";
    return [name, new TagSummary(node, tagOf(name), { isWall: true })];
  }),
);
/** @type {number | null} */
let timer = null;

function show() {
  timer = null;
  const now = serverNow();
  const times = [...cards.values()].map(({ series }) => series.latestAt(now)?.x ?? -Infinity);
  const newest = Math.max(newestOfAll() ?? -Infinity, ...times);
  showLink(now, Number.isFinite(newest) ? newest : null);
  for (const card of cards.values()) card.showNow(now);
}

function showSoon() {
  if (timer === null) timer = setTimeout(show, WORDS_EVERY_MS);
}

/** @param {import("../base/settings.js").Measurement[]} items */
function receiveReadings(items) {
  for (const item of items) cards.get(item.tag)?.series.merge([item]);
  for (const { series } of cards.values()) series.trim(serverNow() - LIVE_MS, serverNow());
  showSoon();
}

/** Reload the page, but only if the server can serve it: old values are better than an error page. */
async function renew() {
  if (await pageNow()) location.reload();
}

/** @param {import("../base/request.js").ContactKind} kind */
function receiveContact(kind) {
  noteContact(kind);
  // The server made the page without the database.
  if (kind === "ok" && !cards.size && settings.tags.length === 0) renew();
  showSoon();
}

localiseTimes();
const names = [...cards.keys()];
startFeed({
  tags: () => names,
  near: () => names,
  onReadings: receiveReadings,
  onStored: () => {},
  onAnomalies(anomalies) {
    storeViolations(anomalies);
    showSoon();
  },
  onEvents: showSoon,
  onHealth(health) {
    showProblems(health.problems, health.since);
    showNotices(health.notices);
  },
  onTotals(counted) {
    if (tagPage) noteCount(counted, serverNow());
  },
  onContact: receiveContact,
  onMode: noteMode,
});
setInterval(show, TICK_MS);
setInterval(renew, tagPage ? RENEW_PART_MS : RENEW_MS);
watchForTags(renew);
