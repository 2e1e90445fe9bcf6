// The page of a batch: charts over elapsed time, soft sensors, samples; a running batch is followed.
import { addFigure, drawFigures, refreshFigures } from "../batches/figures.js";
import { renew } from "../batches/live-page.js";
import { figureSettings, readMarks, readSettings } from "../batches/page-data.js";
import { showAnalytes } from "../batches/sample-list.js";
import { showSensors } from "../batches/sensor-list.js";
import { trendOptions } from "../batches/trend.js";
import { showWatch } from "../batches/watch-view.js";
import { setText } from "../base/dom.js";
import { get } from "../base/request.js";
import { localiseTimes, zoneText } from "../base/times.js";
import { whenChartLoads } from "../charts/chart-library.js";

const POINTS = 600;
const STALE_S = 10; // by which a chart may be behind
const UNREAD = "The values could not be read. They are tried again with the next refresh.";
const settings = readSettings();
const clock = document.getElementById("wall-clock");
const bar = document.getElementById("chart-bar");
let marks = readMarks();
const view = () => ({ marks, isClock: Boolean(clock?.checked) });
/** @type {Map<string, import("../batches/trend.js").BatchTrend>} by tag */
const trends = new Map();
/** @type {(() => void)[]} what shows each figure in the present view, without reading */
const shown = [];

/** @param {HTMLElement} element */
function addTag(element) {
  const own = figureSettings(element);
  const show = () => {
    const trend = trends.get(own.tag);
    if (trend) figure.show(trendOptions(trend, own, marks, view().isClock));
  };
  const figure = addFigure(element, own.title, () => {
    get(settings.urls.trend, { parameters: { tag: own.tag, points: POINTS }, staleS: STALE_S }).then(
      ({ body }) => {
        trends.set(own.tag, body);
        show();
      },
      () => trends.has(own.tag) || figure.tell(UNREAD),
    );
  });
  shown.push(show);
}

function showZone() {
  localiseTimes();
  setText(document.getElementById("zone"), zoneText());
}

function start() {
  for (const element of document.querySelectorAll("#figures .batch-figure")) addTag(element);
  const showSamples = showAnalytes(view);
  const sensors = showSensors(settings.urls["soft-sensors"], view);
  const watch = showWatch(settings, view, () => {
    marks = readMarks();
  });
  showSamples();
  renew(settings.everyMs, () => {
    marks = readMarks();
    refreshFigures();
    showSamples();
    sensors.renew();
    watch.renew();
  });
  clock?.addEventListener("change", () => {
    for (const show of [...shown, showSamples, sensors.show, watch.show]) show();
  });
  whenChartLoads({
    ...settings.chart,
    ready: () => {
      bar?.removeAttribute("data-idle");
      drawFigures();
    },
    trouble: () => {
      const trouble = document.getElementById("chart-trouble");
      setText(trouble, settings.chart.trouble);
      trouble.hidden = false;
      for (const figure of document.querySelectorAll(".batch-figure")) figure.dataset.bare = "";
    },
  });
}

showZone();
if (bar) start();
