// Puts the page's parts together: data comes in by the feed, goes into the cards' series, and is shown.
import { showAnomalies } from "./anomaly-list.js";
import { Card } from "./card.js";
import { addReadingMode } from "./chart-options.js";
import { whenChartLoads } from "./chart-library.js";
import { serverNow } from "./clock.js";
import { allowZoom, wireControls } from "./controls.js";
import { startFeed } from "./feed.js";
import { reasonsOf, remember } from "./findings.js";
import { settings, tagOf } from "./settings.js";
import { noteContact, showLink, showNotices, showProblems } from "./status.js";
import { TagChart } from "./tag-chart.js";
import { onThemeChange, readTheme } from "./theme.js";
import { localiseTimes, zoneText } from "./times.js";
import { showTotals } from "./totals.js";
import { onViewChange, rangeShown, view, windowLabel, windowMs, zoomTo } from "./view.js";
import { zoomByDragging } from "./zoom.js";

const container = document.getElementById("cards");
const cards = new Map(
  [...container.querySelectorAll(".card")].map((node) => [node.dataset.tag, new Card(node, tagOf(node.dataset.tag))]),
);
let due = false;
let feed = null;
let loadedMs = windowMs();

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
  const range = rangeShown(end());
  const label = view.zoom ? "zoomed" : `last ${windowLabel()}`;
  showLink(now, newest());
  for (const card of cards.values()) card.update(now, range, label);
}

/** Shows at the next frame what has changed, once however much it is. */
function renderSoon() {
  if (due || document.hidden) return;
  due = true;
  requestAnimationFrame(render);
}

function arrange() {
  container.dataset.layout = view.tag ? "one" : "all";
  for (const [name, card] of cards) card.element.hidden = Boolean(view.tag) && name !== view.tag;
  renderSoon();
}

function takeReadings(items) {
  const keepFrom = Math.min(end() - windowMs(), view.zoom?.from ?? Infinity);
  const byTag = new Map([...cards.keys()].map((name) => [name, []]));
  for (const item of items) byTag.get(item.tag)?.push(item);
  let foundAnomaly = false;
  for (const [name, { series }] of cards) {
    foundAnomaly = series.merge(byTag.get(name)) || foundAnomaly;
    series.trim(keepFrom);
  }
  if (foundAnomaly) feed?.summaryNow(); // its reason, and the totals
  renderSoon();
}

function drawCharts(Chart) {
  addReadingMode(Chart);
  for (const card of cards.values()) {
    const chart = new TagChart(Chart, card.canvas, card.tag, readTheme(), (id) => reasonsOf(card.tag, id));
    card.useChart(chart);
    zoomByDragging(card.plot, chart, (from, to) => zoomTo(from, to, end()));
  }
  onThemeChange(() => {
    for (const { chart } of cards.values()) chart.restyle(readTheme());
    renderSoon();
  });
  allowZoom();
  renderSoon();
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
wireControls(end);
onViewChange(arrange);
onViewChange(() => {
  if (windowMs() > loadedMs) feed.reload();
  loadedMs = windowMs();
});
feed = startFeed({
  tagNames: () => [...cards.keys()].sort((a, b) => (b === view.tag) - (a === view.tag)),
  windowMs,
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
