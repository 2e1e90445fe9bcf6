// The monitoring page: readings arrive by the feed, go into the series of the cards, and are drawn.
import { wireAddress } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { listedAnomalies, showAnomalies, wireAnomalies } from "../lists/anomaly-list.js";
import { Card } from "../app/card.js";
import { haveCharts, keepSorted, reveal, showChosen } from "../app/card-list.js";
import { wirePast } from "../app/past-panel.js";
import { whenChartLoads } from "../charts/chart-library.js";
import { addReadingMode } from "../charts/chart-options.js";
import { serverNow } from "../base/clock.js";
import { followTags, onAlarms } from "../live/alarms.js";
import { onNoteSaved, useNoteContext } from "../app/note-dialog.js";
import { showNotes } from "../lists/note-list.js";
import { followSpans } from "../live/spans.js";
import { followNotes } from "../live/notes.js";
import { Comparison } from "../charts/comparison.js";
import { noteDefinitions } from "../live/definitions.js";
import { allowZoom, syncLayout, wireControls } from "../app/controls.js";
import { announceEvents, showEvents, showLearning, wireEvents } from "../lists/event-list.js";
import { startFeed } from "../live/feed.js";
import { reasonsOf, storeViolations } from "../live/rule-violations.js";
import { VisibilityTracker } from "../charts/visibility-tracker.js";
import { adoptCards, isSameOrMore, pageNow, watchForTags } from "../live/new-tags.js";
import { RenderScheduler } from "../charts/render-scheduler.js";
import {
  isBeside,
  isElsewhere,
  loadDefinitions,
  newestOfAll,
  noteCount,
  showTagPage,
  tagPage,
  wireTagPage,
} from "../app/tag-page.js";
import { aheadMs, playheadAt, wirePlayback } from "../app/playback.js";
import { pointedAt } from "../charts/cursor.js";
import { wirePlot } from "../charts/plot.js";
import { LIVE_MS, settings, tagOf } from "../base/settings.js";
import { noteContact, noteMode, showLink, showNotices, showProblems, wireNotices } from "../live/status.js";
import { TagChart } from "../charts/tag-chart.js";
import { LiveTotals } from "../live/live-totals.js";
import { onThemeChange, readTheme, wireThemes } from "../base/theme.js";
import { shownText, showTimeline, wireTimeline } from "../app/timeline.js";
import { localiseTimes, zoneText } from "../base/times.js";
import { showTotals } from "../lists/totals.js";
import { onViewChange, rangeShown, undoZoom, view } from "../app/view-state.js";
import { wireViews } from "../app/views-dialog.js";
import { words } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").Anomaly} Anomaly
 * @typedef {import("../base/settings.js").Measurement} Measurement
 * @typedef {import("../charts/chart-options.js").ChartLibrary} ChartLibrary
 * @typedef {import("../charts/render-scheduler.js").Scene} Scene
 */

const WITH_OWN_ESCAPE = "dialog, [popover], [popovertarget], .custom, .tool, input, select, textarea";
const container = document.getElementById("cards");
const liveTotals = new LiveTotals(settings.totals);
/** @type {Map<string, Card>} by the tags' names */
const cards = new Map();
/** @type {Map<Card, TagChart>} */
const charts = new Map();
const visibility = new VisibilityTracker(noteVisibility);
const scheduler = new RenderScheduler({
  cards: () => cards.values(),
  isNear: (card) => visibility.has(card.plot),
  scene,
  showShared,
});
const comparison = new Comparison(cards, redraw);
/** @type {ChartLibrary | null} Chart.js, null until it is loaded */
let Library = null;
/** @type {import("../live/feed.js").FeedControl | null} */
let feed = null;

function redraw() {
  scheduler.redraw();
}

/** @param {HTMLElement} node */
function addCard(node) {
  const name = node.dataset.tag ?? "";
  const card = new Card(node, tagOf(name), redraw);
  cards.set(name, card);
  if (Library) addChart(card, Library);
  visibility.observe(card.element);
  visibility.observe(card.plot);
}

/**
 * @param {Card} card
 * @param {ChartLibrary} Chart
 */
function addChart(card, Chart) {
  const chart = new TagChart(Chart, card.canvas, card.tag, readTheme(), (id) => reasonsOf(card.tag, id));
  charts.set(card, chart);
  card.useCharts(() => chart);
  wirePlot(card, chart, end);
}

/**
 * Note that a card or its plot has come near the view or left it.
 * @param {HTMLElement} element
 * @param {boolean} isNear
 */
function noteVisibility(element, isNear) {
  const card = cards.get(element.closest(".card")?.dataset.tag ?? "");
  if (!card) return;
  if (isNear) {
    feed?.readSoon();
    scheduler.redraw(card);
  } else if (element === card.plot) {
    charts.get(card)?.release();
    card.history.cancel();
  }
}

/** Return the time of the newest reading that is not ahead of time; null before the first. */
function newest(now = serverNow()) {
  const times = [...cards.values()].map(({ series }) => series.latestAt(now)?.x ?? -Infinity);
  const latest = Math.max(newestOfAll() ?? -Infinity, ...times);
  return Number.isFinite(latest) ? latest : null;
}

const end = () => Math.max(serverNow(), newest() ?? 0); // a source's clock may be a little ahead

/**
 * Show the texts that all cards share. Return the contents for the cards.
 * @returns {Scene}
 */
function scene() {
  const now = serverNow();
  showLink(now, newest());
  showTimeline();
  showEvents(now);
  if (liveTotals.totals) showTotals(liveTotals.totals);
  const range = rangeShown(end());
  showNotes(range);
  return {
    now,
    shown: { range, isLive: !view.past, label: shownText() },
    playback: { at: playheadAt(), aheadMs: aheadMs() },
  };
}

/** @param {Scene} scene */
function showShared({ shown, playback }) {
  comparison.show(shown, playback);
}

/** @param {boolean | null} isChoice */
function arrange(isChoice) {
  if (isElsewhere()) {
    if (isChoice === null) location.reload(); // the address already equals the view; otherwise the page is being left
    return;
  }
  if (isChoice) document.getElementById("address-notes")?.remove(); // the address has changed
  if (tagPage) showTagPage();
  if (isChoice && view.past) announce("view", words.patterns.showingPast + shownText());
  showChosen(cards);
  syncLayout();
  comparison.choose();
  scheduler.redraw();
}

/**
 * Merge readings, some of which may be known.
 * @param {Measurement[]} items
 */
function receiveReadings(items) {
  const byTag = Map.groupBy(items, ({ tag }) => tag);
  let foundAnomaly = false;
  for (const [name, found] of byTag) {
    const card = cards.get(name);
    if (!card) continue;
    foundAnomaly = card.series.merge(found) || foundAnomaly;
    card.series.trim(end() - LIVE_MS, serverNow());
    scheduler.noteReadings(card);
  }
  if (foundAnomaly) feed?.reasonsSoon();
}

/** @param {ChartLibrary} Chart */
function drawCharts(Chart) {
  Library = Chart;
  addReadingMode(Chart);
  for (const card of cards.values()) addChart(card, Chart);
  comparison.useCharts(Chart);
  onThemeChange(() => {
    for (const chart of charts.values()) chart.restyle(readTheme());
    comparison.build();
    redraw();
  });
  allowZoom();
  redraw();
}

/** Add the cards of tags that are newer than the page. */
async function addNewTags() {
  const page = await pageNow();
  if (page) addCardsOf(page);
}

/** Take over changed definitions of tags: new tags get a card, anything else needs the page anew. */
async function renew() {
  const page = await pageNow();
  if (!page) return null;
  if (tagPage || !isSameOrMore(page))
    location.reload(); // the address has the view
  else addCardsOf(page);
  return page.settings.definitions;
}

/** @param {import("../live/new-tags.js").ServedPage} page */
function addCardsOf(page) {
  if (page.settings.part) return location.reload(); // there are too many tags for one page now
  const fresh = adoptCards(page);
  if (!fresh) return location.reload();
  fresh.forEach(addCard);
  storeViolations(page.settings.violations);
  receiveReadings(page.settings.latest);
  arrange(false);
}

/**
 * Return the time of the measurement before (-1) or after (1) a moment, of any visible tag; null if there is none.
 * @param {number} moment epoch milliseconds
 * @param {number} direction
 */
function nextTime(moment, direction) {
  const layers = [...cards.values()].flatMap(({ element, layer }) => (!element.hidden && layer ? [layer] : []));
  const times = layers.map((layer) => layer.next(moment, direction)).filter((time) => time !== null);
  if (!times.length) return null;
  return direction > 0 ? Math.min(...times) : Math.max(...times);
}

/** @param {Anomaly[]} anomalies */
async function listAnomalies(anomalies) {
  if (tagPage) await loadDefinitions(anomalies.slice(0, listedAnomalies).map(({ tag }) => tag));
  showAnomalies(anomalies);
}

/** @param {import("../base/request.js").ContactKind} kind */
function receiveContact(kind) {
  noteContact(kind);
  // The server made the page without the database, thus without tags: now it can make the page again.
  if (kind === "ok" && madeWithoutDatabase) location.reload();
}

/**
 * Return what a new note is about: the tag of the focused chart or the one shown, at the moment shown.
 * @returns {import("../app/note-dialog.js").NoteContext}
 */
function noteContext() {
  const focused = document.activeElement?.closest(".card")?.dataset.tag;
  const { from, to } = rangeShown(end());
  const start = pointedAt() ?? playheadAt() ?? (view.past ? (from + to) / 2 : serverNow());
  return { about: focused ?? view.tag, start };
}

/** Return the names of the visible tags, then of the hidden ones. */
function tagNames() {
  /** @param {[string, Card]} entry */
  const rank = ([, { element }]) => Number(element.hidden);
  return [...cards].sort((one, other) => rank(one) - rank(other)).map(([name]) => name);
}

/** Return the names of the tags with a visible card in the order of the page, and of all others. */
function tagsByCard() {
  const elements = [...container.querySelectorAll(".card")];
  /** @param {HTMLElement[]} found */
  const names = (found) => found.map(({ dataset }) => dataset.tag ?? "");
  return {
    shown: names(elements.filter((card) => !card.hidden)),
    others: names(elements.filter((card) => card.hidden)),
  };
}
/** Return the names of the tags on screen, in the order of the page. */
const shownTags = () => [...cards].flatMap(([name, { element }]) => (element.hidden || isBeside(name) ? [] : [name]));

/** Return the names of the tags in or near the view. */
function nearTags() {
  const near = [...cards].filter(([, { element, plot }]) => visibility.has(element) || visibility.has(plot));
  return near.map(([name]) => name);
}

/** @param {string} tag */
function isChartShown(tag) {
  const card = cards.get(tag);
  if (!card) return !tagPage;
  return haveCharts() && !card.element.hidden;
}

const madeWithoutDatabase = !settings.database && settings.tags.length === 0;
container.querySelectorAll(".card").forEach(addCard);
localiseTimes();
document.getElementById("zone").textContent = `Times: ${zoneText()}. The server stores UTC.`;
wireAddress();
wireControls(end);
wireTimeline();
wireThemes();
wireNotices();
wireTagPage();
/** @type {import("../lists/anomaly-list.js").ChartAccess} */
const chartAccess = { end, isChartShown, reveal: (tag) => reveal(cards, tag) };
wireAnomalies(chartAccess);
wireEvents(chartAccess);
keepSorted(cards);
wireViews(tagsByCard);
watchForTags(addNewTags);
comparison.choose();
wirePlayback({ end, next: nextTime, width: () => cards.values().next().value?.plot.clientWidth || 1, draw: redraw });
onViewChange(arrange);
feed = startFeed({
  tags: tagNames,
  near: nearTags,
  onReadings: receiveReadings,
  onStored(items) {
    if (!tagPage) liveTotals.add(items);
  },
  onAnomalies(anomalies, areNewest) {
    storeViolations(anomalies);
    if (areNewest) listAnomalies(anomalies);
    redraw();
  },
  onEvents() {
    announceEvents();
    redraw();
  },
  onHealth({ problems, since, notices, learning, definitions }) {
    noteDefinitions(definitions, renew);
    showProblems(problems, since);
    showNotices(notices);
    showLearning(learning);
  },
  onTotals(counted) {
    if (tagPage) noteCount(counted, serverNow());
    liveTotals.correct(counted);
  },
  onContact: receiveContact,
  onMode: noteMode,
});
const readNotes = followNotes(() => rangeShown(end()), redraw);
onViewChange(() => readNotes());
const readSpans = followSpans(() => rangeShown(end()), redraw);
onViewChange(readSpans);
onNoteSaved(() => readNotes(0));
useNoteContext(noteContext);
const pastChanged = wirePast({
  range: () => rangeShown(end()),
  isLive: () => !view.past,
  shown: shownTags,
  drawAll(isAll) {
    visibility.isAll = isAll;
    scheduler.redraw();
  },
  isReady: () => [...cards.values()].every(({ element, history }) => element.hidden || !history.isLoading),
});
onViewChange(() => pastChanged());
followTags(() => [...cards.keys()]);
onAlarms((hasChanged) => hasChanged && redraw());
document.addEventListener("visibilitychange", redraw);
document.addEventListener("keydown", ({ key, target, defaultPrevented }) => {
  if (key !== "Escape" || defaultPrevented) return;
  if (/** @type {Element} */ (target).closest(WITH_OWN_ESCAPE)) return;
  undoZoom();
});
whenChartLoads({
  ...settings.chart,
  ready: drawCharts,
  trouble: () => cards.forEach((card) => card.sayNoChart(settings.chart.trouble)),
});
