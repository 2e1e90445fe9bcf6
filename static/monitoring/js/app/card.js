// One tag's card: the summary of its values, and its chart if there are charts.
import { CursorLine, onPointed, pointedAt } from "../charts/cursor.js";
import { DataTable } from "../charts/data-table.js";
import { EmptyRange } from "./empty-range.js";
import { descendant, setAttribute, setText } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { EVENT_SIGN, eventsText, eventText, kindText, whyText } from "../lists/event-words.js";
import { eventsOver } from "../live/events.js";
import { notesOn } from "../live/notes.js";
import { SPAN_SIGN, spansOf, spansText, spanText } from "../live/spans.js";
import { reasonsOf } from "../live/rule-violations.js";
import { TagSummary } from "./tag-summary.js";
import { notesText } from "../lists/note-list.js";
import { ruleBandOf } from "../charts/rule-band.js";
import { wireSaving } from "../charts/save.js";
import { TagLayers } from "../charts/tag-layers.js";
import { momentText } from "../base/times.js";
import { chooseTag, view } from "./view-state.js";
import { anomaliesText, momentValueText, spreadText, valueText, whole, withUnit } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("../charts/raw-layer.js").Layer} Layer
 * @typedef {import("../charts/tag-chart.js").TagChart} TagChart
 */

export class Card extends TagSummary {
  /** @type {TagChart | null} */
  chart = null;
  /** @type {import("../live/events.js").PlantEvent[]} the events of the range that is shown */
  events = [];
  /** @type {import("../live/notes.js").Note[]} the notes of the range that is shown */
  notes = [];
  /** @type {import("../live/spans.js").Span[]} the times without good values in the range that is shown */
  spans = [];
  /** @type {(() => TagChart) | null} null until charts can be drawn */
  makeChart = null;

  /**
   * @param {HTMLElement} element
   * @param {import("../base/settings.js").Tag} tag
   * @param {() => void} onArrival called when there is something new to show
   */
  constructor(element, tag, onArrival) {
    super(element, tag);
    this.layers = new TagLayers(tag, this.series, onArrival);
    this.canvas = /** @type {HTMLCanvasElement} */ (descendant(element, "canvas"));
    this.plot = descendant(element, ".plot");
    this.cursor = new CursorLine(this.plot);
    this.table = new DataTable(this.parts.table, this.parts.rows, tag);
    this.saving = wireSaving(this);
    this.emptyRange = new EmptyRange(this.parts, tag, onArrival);
    this.parts.open.addEventListener("click", (/** @type {MouseEvent} */ event) => this.open(event));
    onPointed(() => this.showPointed());
  }

  get layer() {
    return this.layers.layer;
  }

  get history() {
    return this.layers.history;
  }

  /** @param {MouseEvent} event */
  open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens another tab
    event.preventDefault();
    chooseTag(this.tag.name);
  }

  /**
   * Draw the chart and its texts: expensive, thus only for cards near the view and about once a second.
   * @param {import("../charts/tag-layers.js").ShownRange} shown
   * @param {import("../charts/render-scheduler.js").Playback} playback
   */
  showRange(shown, playback) {
    const { range } = shown;
    const { layers, history } = this;
    layers.choose(shown, { width: this.plot.clientWidth, aheadMs: playback.aheadMs });
    const { layer } = layers;
    if (!layer) return;
    const isMissing = layers.isMissing(range);
    this.events = eventsOver(this.tag.name, range, layer.events);
    this.notes = this.notesIn(range);
    this.spans = spansOf(this.tag, range);
    // The last drawing stays until there is something to draw instead.
    if (!isMissing || !history.isLoading) this.draw(layer, range, playback.at);
    const summary = layer.summary(range);
    if (!isMissing) this.describe(summary, shown.label);
    else if (history.failed) this.describeMissing(shown.label, "could not be read, trying again");
    else if (history.isSlow) this.describeMissing(shown.label, "loading");
    else if (!history.isLoading) this.describe(summary, shown.label);
    if (summary || (isMissing && history.isLoading)) this.emptyRange.hide();
    else this.emptyRange.show(range, shown.isLive);
    this.showThen(layer, playback.at);
    this.saving.range = range;
    this.table.show(layer, range, shown);
    this.showPointed();
  }

  /**
   * @param {Layer} layer
   * @param {TimeRange} range
   * @param {number | null} at where playback stands
   */
  draw(layer, range, at) {
    if (!this.makeChart) return;
    this.chart ??= this.makeChart();
    this.chart.chart.options.plugins.ruleBand.found = ruleBandOf(layer, this.chosenAnomaly());
    const { events, notes, spans } = this;
    this.chart.draw(layer, range, { events, chosen: view.event, notes, spans }, at);
  }

  /**
   * Return the notes on the tag, on its group and on the whole plant in a range, oldest first.
   * @param {TimeRange} range
   */
  notesIn(range) {
    const heading = this.element.dataset.group ?? "";
    return notesOn(this.tag.name, heading === settings.otherGroup ? "" : heading, range);
  }

  /** Return the point of the selected anomaly; null if it is not in this chart. */
  chosenAnomaly() {
    const points = (view.anomaly !== null && this.layer?.points) || [];
    return points.find(({ id, anomaly }) => id === view.anomaly && anomaly) ?? null;
  }

  /** Show the value at the moment under the pointer, or else the selected anomaly or event. */
  showPointed() {
    if (!this.layer || this.element.hidden) return;
    const at = pointedAt();
    if (this.chart?.isMade) this.cursor.show(this.chart.chart, at);
    if (at !== null) setText(this.parts.pointed, this.pointedText(at));
    else setText(this.parts.pointed, this.chosenText());
  }

  chosenText() {
    const anomaly = this.chosenAnomaly();
    const event = this.events.find(({ id }) => id === view.event);
    if (anomaly) return `▲ ${this.anomalyText(anomaly)}`;
    return event ? `${EVENT_SIGN} ${eventText(event)}` : "";
  }

  /** @param {number} at epoch milliseconds */
  pointedText(at) {
    const events = this.events.filter(({ start, end }) => start <= at && at <= (end ?? Infinity));
    const said = events.map((event) => ` ${EVENT_SIGN} ${kindText(event)}: ${whyText(event)}`).join("");
    const spans = this.spans.filter(({ start, end }) => start <= at && at <= (end ?? Infinity));
    const why = spans.map((span) => ` ${SPAN_SIGN} ${spanText(span)}`).join("");
    return `${momentText(at)}: ${momentValueText(this.tag, this.layer?.at(at) ?? null)}${why}${said}`;
  }

  /** @param {import("../live/series.js").Point} point */
  anomalyText({ x, y, id }) {
    return `${momentText(x)}: ${withUnit(this.tag, valueText(this.tag, y))}, ${reasonsOf(this.tag, id).join("; ")}`;
  }

  /**
   * Describe the chart in words, beside it and for screen readers.
   * @param {import("../charts/raw-layer.js").RangeSummary | null} summary
   * @param {string} label
   */
  describe(summary, label) {
    const spread = summary ? spreadText(this.tag, summary.low, summary.high) : "–";
    const values = summary ? withUnit(this.tag, spread) : "nothing measured";
    const anomalies = summary?.anomalies ?? 0;
    setText(this.parts.shown, spread);
    setText(this.parts.anomalies, summary ? whole.format(anomalies) : "–");
    const events = this.events.length ? `, ${eventsText(this.events.length)}` : "";
    const notes = this.notes.length ? `, ${notesText(this.notes.length)}` : "";
    const spans = this.spans.length ? `, ${spansText(this.spans.length)}` : "";
    this.nameChart(`${label}: ${values}, ${anomaliesText(anomalies)}${events}${notes}${spans}`);
  }

  /** @type {(label: string, text: string) => void} */
  describeMissing(label, text) {
    setText(this.parts.shown, text);
    setText(this.parts.anomalies, "–");
    this.nameChart(`${label}: ${text}`);
  }

  /** @param {string} text */
  nameChart(text) {
    setAttribute(this.canvas, "aria-label", `Chart of ${this.tag.shownName}, ${text}.`);
  }

  /**
   * Show the value where playback stands.
   * @param {Layer} layer
   * @param {number | null} at
   */
  showThen(layer, at) {
    this.parts.then.hidden = at === null;
    if (at === null) return;
    setText(this.parts["then-value"], momentValueText(this.tag, layer.at(at)));
  }

  /** @param {string} text why there is no chart */
  sayNoChart(text) {
    setText(this.parts["no-chart"], text);
    this.parts["no-chart"].hidden = false;
  }

  /**
   * Draw charts from now on.
   * @param {() => TagChart} makeChart creates this card's chart when it is first in view
   */
  useCharts(makeChart) {
    this.makeChart = makeChart;
    this.parts["no-chart"].hidden = true;
    this.parts.picture.hidden = false;
    this.parts.compare.disabled = false;
    this.plot.classList.add("ready");
  }
}
