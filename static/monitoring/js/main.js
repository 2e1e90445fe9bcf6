// Puts the page's parts together: data comes in by the feed, goes into the cards' series, and is shown.
import { wireAddress } from "./address.js";
import { announce } from "./announcer.js";
import { showAnomalies, wireAnomalies } from "./anomaly-list.js";
import { Card } from "./card.js";
import { whenChartLoads } from "./chart-library.js";
import { addReadingMode } from "./chart-options.js";
import { serverNow } from "./clock.js";
import { allowZoom, wireControls } from "./controls.js";
import { startFeed } from "./feed.js";
import { reasonsOf, remember } from "./findings.js";
import { aheadMs, playheadAt, wirePlayback } from "./playback.js";
import { wirePlot } from "./plot.js";
import { LIVE_MS, settings, tagOf } from "./settings.js";
import { noteContact, showLink, showNotices, showProblems } from "./status.js";
import { TagChart } from "./tag-chart.js";
import { onThemeChange, readTheme } from "./theme.js";
import { shownText, showTimeline, wireTimeline } from "./timeline.js";
import { localiseTimes, zoneText } from "./times.js";
import { showTotals } from "./totals.js";
import { onViewChange, rangeShown, view } from "./view.js";

const container = document.getElementById("cards");
const cards = new Map(
  [...container.querySelectorAll(".card")].map((node) => [node.dataset.tag, new Card(node, tagOf(node.dataset.tag), renderSoon)]),
);
let due = false;
let feed = null;

/** The newest reading's time, null before the first. */
function newest() {
  const times = [...cards.values()].map(({ series }) => series.latest?.x ?? -Infinity);
  const latest = Math.max(-Infinity, ...times);
  return Number.isFinite(latest) ? latest : null;
}

const end = () => Math.max(serverNow(), newest() ?? 0); // a source's clock may be ahead

function render() {
  due = false;
  const now = serverNow();
  const shown = { range: rangeShown(end()), isLive: !view.past, label: shownText() };
  const playback = { at: playheadAt(), aheadMs: aheadMs() };
  showLink(now, newest());
  showTimeline();
  for (const card of cards.values()) card.update(now, shown, playback);
}

/** Shows at the next frame what has changed, once however much it is. */
function renderSoon() {
  if (due || document.hidden) return;
  due = true;
  requestAnimationFrame(render);
}

function arrange(isChoice) {
  if (isChoice && view.past) announce("view", `Showing the past: ${shownText()}`);
  container.dataset.layout = view.tag ? "one" : "all";
  for (const [name, card] of cards) card.element.hidden = Boolean(view.tag) && name !== view.tag;
  renderSoon();
}

function takeReadings(items) {
  const byTag = new Map([...cards.keys()].map((name) => [name, []]));
  for (const item of items) byTag.get(item.tag)?.push(item);
  let foundAnomaly = false;
  for (const [name, { series }] of cards) {
    foundAnomaly = series.merge(byTag.get(name)) || foundAnomaly;
    series.trim(end() - LIVE_MS);
  }
  if (foundAnomaly) feed?.summaryNow(); // its reason, and the totals
  renderSoon();
}

function drawCharts(Chart) {
  addReadingMode(Chart);
  for (const card of cards.values()) {
    const chart = new TagChart(Chart, card.canvas, card.tag, readTheme(), (id) => reasonsOf(card.tag, id));
    card.useChart(chart);
    wirePlot(card, chart, end);
  }
  onThemeChange(() => {
    for (const { chart } of cards.values()) chart.restyle(readTheme());
    renderSoon();
  });
  allowZoom();
  renderSoon();
}

/** The measurement before or after a moment, of whichever tag that is shown. */
function nextTime(moment, direction) {
  const shown = [...cards.values()].filter(({ element, layer }) => !element.hidden && layer);
  const times = shown.map(({ layer }) => layer.next(moment, direction)).filter((time) => time !== null);
  if (!times.length) return null;
  return direction > 0 ? Math.min(...times) : Math.max(...times);
}

function takeContact(kind) {
  noteContact(kind);
  // The page was made while the database was away and knows no tag: now it can be made again.
  if (kind === "ok" && madeWithoutDatabase) location.reload();
  renderSoon();
}

const madeWithoutDatabase = !settings.database && settings.tags.length === 0;
localiseTimes();
document.getElementById("zone").textContent = `Times: ${zoneText()}. The server stores UTC.`;
takeReadings(settings.latest);
wireAddress();
wireControls(end);
wireTimeline();
wireAnomalies(end);
wirePlayback({ end, next: nextTime, width: () => cards.values().next().value?.plot.clientWidth || 1, draw: renderSoon });
onViewChange(arrange);
feed = startFeed({
  tagNames: () => [...cards.keys()].sort((a, b) => (b === view.tag) - (a === view.tag)),
  onReadings: takeReadings,
  onAnomalies(anomalies, areNewest) {
    remember(anomalies);
    if (areNewest) showAnomalies(anomalies);
    renderSoon();
  },
  onSummary({ health, stats }) {
    if (health) {
      showProblems(health.problems, health.since);
      showNotices(health.notices);
    }
    if (stats) showTotals(stats);
  },
  onContact: takeContact,
});
setInterval(renderSoon, 1000); // ages grow, and what has stopped must show, also when nothing arrives
document.addEventListener("visibilitychange", renderSoon);
whenChartLoads({
  ready: drawCharts,
  trouble: () => cards.forEach((card) => card.sayNoChart(settings.chart.trouble)),
});
