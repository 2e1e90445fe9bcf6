// The wall screen: all cards at once and nothing to click. It is left alone for months, so it renews itself.
import { Glance } from "../app/glance.js";
import { serverNow } from "../base/clock.js";
import { startFeed } from "../live/feed.js";
import { remember } from "../live/findings.js";
import { pageNow, watchForTags } from "../live/new-tags.js";
import { newestOfAll, noteCount, part } from "../app/part.js";
import { LIVE_MS, settings, tagOf } from "../base/settings.js";
import { noteContact, noteMode, showLink, showNotices, showProblems } from "../live/status.js";
import { localiseTimes } from "../base/times.js";

const WORDS_EVERY_MS = 200;
const TICK_MS = 1000; // ages grow, and what has stopped must show, also when nothing arrives
const RENEW_MS = 30 * 60000; // limits that were changed meanwhile, and a newer version of this page
const RENEW_PART_MS = 60000; // others need a person by now, and are to come first
const cards = new Map(
  [...document.querySelectorAll(".card")].map((node) => [node.dataset.tag, new Glance(node, tagOf(node.dataset.tag))]),
);
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

function takeReadings(items) {
  for (const item of items) cards.get(item.tag)?.series.merge([item]);
  for (const { series } of cards.values()) series.trim(serverNow() - LIVE_MS, serverNow());
  showSoon();
}

/** Loads the page anew, but only if it can be had: what is shown is better than an error. */
async function renew() {
  if (await pageNow()) location.reload();
}

function takeContact(kind) {
  noteContact(kind);
  if (kind === "ok" && !cards.size && settings.tags.length === 0) renew(); // made while the database was away
  showSoon();
}

localiseTimes();
const names = [...cards.keys()];
startFeed({
  tags: () => names,
  near: () => names,
  onReadings: takeReadings,
  onStored: () => {},
  onAnomalies(anomalies) {
    remember(anomalies);
    showSoon();
  },
  onEvents: showSoon,
  onHealth(health) {
    showProblems(health.problems, health.since);
    showNotices(health.notices);
  },
  onTotals(counted) {
    if (part) noteCount(counted, serverNow());
  },
  onContact: takeContact,
  onMode: noteMode,
});
setInterval(show, TICK_MS);
setInterval(renew, part ? RENEW_PART_MS : RENEW_MS);
watchForTags(renew);
