// The wall screen: all cards at once and nothing to click. It runs for months without a person, so it renews itself.
import { TagSummary } from "../app/tag-summary.js";
import { serverNow } from "../base/clock.js";
import { alarmSettings, followAlarms, followTags, onAlarms, presentAlarms } from "../live/alarms.js";
import { startFeed } from "../live/feed.js";
import { storeViolations } from "../live/rule-violations.js";
import { pageNow, watchForTags } from "../live/new-tags.js";
import { newestOfAll, noteCount, tagPage } from "../app/tag-page.js";
import { LIVE_MS, settings, tagOf } from "../base/settings.js";
import { noteDefinitions } from "../live/definitions.js";
import { noteContact, noteMode, showLink, showProblems } from "../live/status.js";
import { showInTab } from "../app/alarm-title.js";
import { inTagOrder } from "../app/card-order.js";
import { gridFor, pageOf } from "../app/wall-pages.js";
import { descendant, setAttribute, setIcon, setText } from "../base/dom.js";
import { localiseTimes } from "../base/times.js";

const WORDS_EVERY_MS = 200;
const TICK_MS = 1000; // ages grow, and stopped data must show, even when nothing arrives
const TURN_MS = 15000; // a page of cards
const STRIP = 5;
const WIDE = matchMedia("(min-width: 60rem)"); // a narrow screen is scrolled
const RENEW_MS = 30 * 60000; // for a newer version of this page
const RENEW_PART_MS = 60000; // other tags may be more urgent by now, and come first
const cards = new Map(
  [...document.querySelectorAll(".card")].map((node) => {
    const name = node.dataset.tag ?? "";
    return [name, new TagSummary(node, tagOf(name), { isWall: true })];
  }),
);
const container = document.getElementById("cards");
const strip = document.getElementById("strip");
const place = document.getElementById("strip-place");
/** @type {number | null} */
let timer = null;
let turn = 0;

function show() {
  timer = null;
  const now = serverNow();
  const times = [...cards.values()].map(({ series }) => series.latestAt(now)?.x ?? -Infinity);
  const newest = Math.max(newestOfAll() ?? -Infinity, ...times);
  showLink(now, Number.isFinite(newest) ? newest : null);
  for (const card of cards.values()) card.showNow(now);
}

/** Show the page whose turn it is: the cards that need a person, and some of the others. */
function arrange() {
  const { clientWidth, clientHeight } = container;
  const wall = gridFor(cards.size, clientWidth / Math.max(1, clientHeight));
  const { columns, rows } = WIDE.matches ? wall : { columns: 1, rows: cards.size };
  const places = columns * rows;
  const { shown, page, pages, pinned } = pageOf(inTagOrder(cards.values()), places, turn);
  container.toggleAttribute("data-paged", WIDE.matches);
  container.style.setProperty("--columns", String(columns));
  container.style.setProperty("--rows", String(rows));
  for (const card of cards.values()) card.element.hidden = !shown.includes(card);
  const free = pages > 1 ? 0 : places - shown.length;
  shown.forEach(({ element }, i) => {
    element.style.gridColumn = i === 0 ? `span ${1 + free}` : ""; // the first card takes free places
    if (container.children[i] !== element) container.insertBefore(element, container.children[i]);
  });
  const kept = pinned ? ` The first ${pinned === 1 ? "card needs" : `${pinned} cards need`} a person and stay.` : "";
  setText(
    document.getElementById("rotation"),
    pages > 1 ? `Page ${page} of ${pages}, ${cards.size} tags in all.${kept}` : "",
  );
}

/** Show the most urgent alarms in the strip. */
function showStrip() {
  const top = (presentAlarms()?.alarms ?? []).slice(0, STRIP);
  const places = Math.max(1, top.length);
  strip.toggleAttribute("data-none", top.length === 0);
  while (strip.children.length > places) strip.lastElementChild?.remove();
  while (strip.children.length < places) strip.append(document.createElement("li"));
  const isKnown = presentAlarms()?.unacknowledged;
  if (!top.length) setText(strip.children[0], alarmSettings?.words[isKnown ? "noAlarm" : "unknownAlarms"] ?? "");
  top.forEach((alarm, i) => {
    const item = /** @type {HTMLElement} */ (strip.children[i]);
    if (!item.querySelector(".icon")) item.replaceChildren(document.importNode(place.content, true));
    setAttribute(item, "data-priority", alarm.priority);
    item.toggleAttribute("data-unseen", !alarm.acknowledged);
    item.toggleAttribute("data-over", !alarm.active);
    setIcon(item, `priority-${alarm.priority}`);
    setText(descendant(item, "b"), alarm.name);
    setText(descendant(item, "[data-part=title]"), alarm.title);
  });
  const count = Object.values(presentAlarms()?.unacknowledged ?? {}).reduce((sum, found) => sum + found, 0);
  const highest = top.find(({ acknowledged }) => !acknowledged)?.priority ?? null;
  showInTab(count, highest);
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
  const page = await pageNow();
  if (page) location.reload();
  return page?.settings.definitions ?? null;
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
    noteDefinitions(health.definitions, renew);
  },
  onTotals(counted) {
    if (tagPage) noteCount(counted, serverNow());
  },
  onContact: receiveContact,
  onMode: noteMode,
});
function tick() {
  show();
  showStrip();
  arrange();
}

followTags(() => names);
onAlarms((hasChanged) => {
  if (hasChanged) tick();
});
followAlarms();
tick();
setInterval(tick, TICK_MS);
setInterval(() => {
  turn += 1;
  arrange();
}, TURN_MS);
setInterval(renew, tagPage ? RENEW_PART_MS : RENEW_MS);
watchForTags(async () => void (await renew()));
