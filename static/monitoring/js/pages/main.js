// Puts the page's parts together: data comes in by the feed, goes into the cards' series, and is shown.
import { wireAddress } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { showAnomalies, wireAnomalies } from "../lists/anomaly-list.js";
import { Card } from "../app/card.js";
import { haveCharts, keepSorted, reveal, showChosen } from "../app/card-list.js";
import { whenChartLoads } from "../charts/chart-library.js";
import { addReadingMode } from "../charts/chart-options.js";
import { serverNow } from "../base/clock.js";
import { Comparison } from "../charts/comparison.js";
import { allowZoom, wireControls } from "../app/controls.js";
import { announceEvents, showEvents, wireEvents } from "../lists/event-list.js";
import { startFeed } from "../live/feed.js";
import { reasonsOf, remember } from "../live/findings.js";
import { Nearness } from "../charts/nearness.js";
import { adoptCards, pageNow, watchForTags } from "../live/new-tags.js";
import { Painter } from "../charts/painter.js";
import { isElsewhere, learn, newestOfAll, noteCount, part, showPart, wirePart } from "../app/part.js";
import { aheadMs, playheadAt, wirePlayback } from "../app/playback.js";
import { wirePlot } from "../charts/plot.js";
import { LIVE_MS, settings, tagOf } from "../base/settings.js";
import { noteContact, noteMode, showLink, showNotices, showProblems } from "../live/status.js";
import { TagChart } from "../charts/tag-chart.js";
import { Tally } from "../live/tally.js";
import { onThemeChange, readTheme, wireThemes } from "../base/theme.js";
import { shownText, showTimeline, wireTimeline } from "../app/timeline.js";
import { localiseTimes, zoneText } from "../base/times.js";
import { showTotals } from "../lists/totals.js";
import { onViewChange, rangeShown, view } from "../app/view.js";

const LISTED = 20; // anomalies that have a row
const container = document.getElementById("cards");
const tally = new Tally(settings.totals);
const cards = new Map(); // by the tags' names
const charts = new Map(); // by card
const nearness = new Nearness(passed);
const painter = new Painter({
  cards: () => cards.values(),
  isNear: (card) => nearness.has(card.plot),
  scene,
  showShared,
});
const comparison = new Comparison(cards, redraw);
let Library = null; // Chart.js, once it is there
let feed = null;

function redraw() {
  painter.redraw();
}

function addCard(node) {
  const card = new Card(node, tagOf(node.dataset.tag), redraw);
  cards.set(node.dataset.tag, card);
  if (Library) addChart(card);
  nearness.observe(card.element);
  nearness.observe(card.plot);
}

function addChart(card) {
  const chart = new TagChart(Library, card.canvas, card.tag, readTheme(), (id) => reasonsOf(card.tag, id));
  charts.set(card, chart);
  card.useCharts(() => chart);
  wirePlot(card, chart, end);
}

/** A card or its plot came near the view, or went. */
function passed(element, isNear) {
  const card = cards.get(element.closest(".card").dataset.tag);
  if (isNear) {
    feed?.readSoon();
    painter.redraw(card);
  } else if (element === card.plot) {
    charts.get(card)?.rest();
    card.history.leave();
  }
}

/** The time of the newest reading that is not ahead of time, null before the first. */
function newest(now = serverNow()) {
  const times = [...cards.values()].map(({ series }) => series.latestAt(now)?.x ?? -Infinity);
  const latest = Math.max(newestOfAll() ?? -Infinity, ...times);
  return Number.isFinite(latest) ? latest : null;
}

const end = () => Math.max(serverNow(), newest() ?? 0); // a source's clock may be a little ahead

/** What all cards share is shown, and what each of them has to show is given. */
function scene() {
  const now = serverNow();
  showLink(now, newest());
  showTimeline();
  showEvents(now);
  if (tally.totals) showTotals(tally.totals);
  return {
    now,
    shown: { range: rangeShown(end()), isLive: !view.past, label: shownText() },
    playback: { at: playheadAt(), aheadMs: aheadMs() },
  };
}

function showShared({ shown, playback }) {
  comparison.show(shown, playback);
}

function arrange(isChoice) {
  if (isElsewhere()) {
    if (isChoice === null) location.reload(); // the address is as the view already; else it is left for another
    return;
  }
  if (part) showPart();
  if (isChoice && view.past) announce("view", `Showing the past: ${shownText()}`);
  showChosen(cards);
  comparison.choose();
  painter.redraw();
}

/** Readings of which some may be known. */
function takeReadings(items) {
  const byTag = new Map();
  for (const item of items) {
    if (!byTag.has(item.tag)) byTag.set(item.tag, []);
    byTag.get(item.tag).push(item);
  }
  let foundAnomaly = false;
  for (const [name, found] of byTag) {
    const card = cards.get(name);
    if (!card) continue;
    foundAnomaly = card.series.merge(found) || foundAnomaly;
    card.series.trim(end() - LIVE_MS, serverNow());
    painter.tell(card);
  }
  if (foundAnomaly) feed?.reasonsSoon();
}

function drawCharts(Chart) {
  Library = Chart;
  addReadingMode(Chart);
  for (const card of cards.values()) addChart(card);
  comparison.useCharts(Chart);
  onThemeChange(() => {
    for (const chart of charts.values()) chart.restyle(readTheme());
    comparison.build();
    redraw();
  });
  allowZoom();
  redraw();
}

/** Takes in tags that were made after the page. */
async function takeNewTags() {
  const page = await pageNow();
  if (!page) return;
  if (page.settings.part) return location.reload(); // they have become too many for one page
  const fresh = adoptCards(page);
  if (!fresh) return location.reload();
  fresh.forEach(addCard);
  takeReadings(page.settings.latest);
  arrange(false);
}

/** The measurement before or after a moment, of whichever tag that is shown. */
function nextTime(moment, direction) {
  const shown = [...cards.values()].filter(({ element, layer }) => !element.hidden && layer);
  const times = shown.map(({ layer }) => layer.next(moment, direction)).filter((time) => time !== null);
  if (!times.length) return null;
  return direction > 0 ? Math.min(...times) : Math.max(...times);
}

async function listAnomalies(anomalies) {
  if (part) await learn(anomalies.slice(0, LISTED).map(({ tag }) => tag));
  showAnomalies(anomalies);
}

function takeContact(kind) {
  noteContact(kind);
  // The page was made while the database was away and knows no tag: now it can be made again.
  if (kind === "ok" && madeWithoutDatabase) location.reload();
}

const isHidden = (name) => cards.get(name).element.hidden;

/** The tags in view or nearly. */
function nearTags() {
  const isNear = ({ element, plot }) => nearness.has(element) || nearness.has(plot);
  return [...cards.keys()].filter((name) => isNear(cards.get(name)));
}

function isChartShown(tag) {
  if (!cards.has(tag)) return !part;
  return haveCharts() && !cards.get(tag).element.hidden;
}

const madeWithoutDatabase = !settings.database && settings.tags.length === 0;
container.querySelectorAll(".card").forEach(addCard);
localiseTimes();
document.getElementById("zone").textContent = `Times: ${zoneText()}. The server stores UTC.`;
wireAddress();
wireControls(end);
wireTimeline();
wireThemes();
wirePart();
const leading = { end, isChartShown, reveal: (tag) => reveal(cards, tag) };
wireAnomalies(leading);
wireEvents(leading);
keepSorted(cards);
watchForTags(takeNewTags);
comparison.choose();
wirePlayback({ end, next: nextTime, width: () => cards.values().next().value?.plot.clientWidth || 1, draw: redraw });
onViewChange(arrange);
feed = startFeed({
  tags: () => [...cards.keys()].sort((one, other) => isHidden(one) - isHidden(other)),
  near: nearTags,
  onReadings: takeReadings,
  onStored(items) {
    if (!part) tally.add(items);
  },
  onAnomalies(anomalies, areNewest) {
    remember(anomalies);
    if (areNewest) listAnomalies(anomalies);
    redraw();
  },
  onEvents() {
    announceEvents();
    redraw();
  },
  onHealth({ problems, since, notices }) {
    showProblems(problems, since);
    showNotices(notices);
  },
  onTotals(counted) {
    if (part) noteCount(counted, serverNow());
    tally.take(counted);
  },
  onContact: takeContact,
  onMode: noteMode,
});
document.addEventListener("visibilitychange", redraw);
whenChartLoads({
  ...settings.chart,
  ready: drawCharts,
  trouble: () => cards.forEach((card) => card.sayNoChart(settings.chart.trouble)),
});
