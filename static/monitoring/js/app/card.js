// One tag's card: its values at a glance, and its chart if there are charts.
import { CursorLine, onPointed, pointedAt } from "../charts/cursor.js";
import { DataTable } from "../charts/data-table.js";
import { setAttribute, setText } from "../base/dom.js";
import { EVENT_SIGN, eventsText, eventText, kindText, whyText } from "../lists/event-words.js";
import { eventsOver } from "../live/events.js";
import { reasonsOf } from "../live/findings.js";
import { Glance } from "./glance.js";
import { ruleBandOf } from "../charts/rule-band.js";
import { wireSaving } from "../charts/save.js";
import { TagLayers } from "../charts/tag-layers.js";
import { momentText } from "../base/times.js";
import { chooseTag, view } from "./view.js";
import { anomaliesText, momentValueText, spreadText, valueText, whole, withUnit } from "../base/words.js";

export class Card extends Glance {
  chart = null;
  events = []; // those of the range that is shown
  makeChart = null;

  /** `onArrival()` is called when there is something new to show. */
  constructor(element, tag, onArrival) {
    super(element, tag);
    this.layers = new TagLayers(tag, this.series, onArrival);
    this.canvas = element.querySelector("canvas");
    this.plot = element.querySelector(".plot");
    this.cursor = new CursorLine(this.plot);
    this.table = new DataTable(this.parts.table, this.parts.rows, tag);
    this.saving = wireSaving(this);
    this.parts.open.addEventListener("click", (event) => this.open(event));
    onPointed(() => this.showPointed());
  }

  get layer() {
    return this.layers.layer;
  }

  get history() {
    return this.layers.history;
  }

  open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    chooseTag(this.tag.name);
  }

  /**
   * The chart and what it says: costly, about once a second and only for a card in view. `shown`:
   * {range, isLive, label}, what the charts show; `playback`: {at, aheadMs}.
   */
  showRange(shown, playback) {
    const { range } = shown;
    const { layers, history } = this;
    layers.choose(shown, { width: this.plot.clientWidth, aheadMs: playback.aheadMs });
    const isMissing = layers.isMissing(range);
    this.events = eventsOver(this.tag.name, range, this.layer.events);
    // What was drawn stays until there is something to draw instead.
    if (!isMissing || !history.isLoading) this.draw(range, playback.at);
    if (!isMissing) this.describe(this.layer.summary(range), shown.label);
    else if (history.failed) this.describeMissing(shown.label, "could not be read, trying again");
    else if (history.isSlow) this.describeMissing(shown.label, "loading");
    else if (!history.isLoading) this.describe(this.layer.summary(range), shown.label);
    this.showThen(playback.at);
    this.saving.range = range;
    this.table.show(this.layer, range, shown);
    this.showPointed();
  }

  draw(range, at) {
    if (!this.makeChart) return;
    this.chart ??= this.makeChart();
    this.chart.chart.options.plugins.ruleBand.found = ruleBandOf(this.layer, this.chosenAnomaly());
    this.chart.draw(this.layer, range, { events: this.events, chosen: view.event }, at);
  }

  /** The point that the viewer chose among the anomalies, null if it is not one of this chart's. */
  chosenAnomaly() {
    const points = (view.anomaly !== null && this.layer?.points) || [];
    return points.find(({ id, anomaly }) => id === view.anomaly && anomaly) ?? null;
  }

  /** What was measured at the moment that is pointed at, or else what is known of the chosen anomaly or event. */
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

  pointedText(at) {
    const events = this.events.filter(({ start, end }) => start <= at && at <= (end ?? Infinity));
    const said = events.map((event) => ` ${EVENT_SIGN} ${kindText(event)}: ${whyText(event)}`).join("");
    return `${momentText(at)}: ${momentValueText(this.tag, this.layer.at(at))}${said}`;
  }

  anomalyText({ x, y, id }) {
    return `${momentText(x)}: ${withUnit(this.tag, valueText(this.tag, y))}, ${reasonsOf(this.tag, id).join("; ")}`;
  }

  /** The chart in words, beside it and for who does not see it. */
  describe(summary, label) {
    const spread = summary ? spreadText(this.tag, summary.low, summary.high) : "–";
    const values = summary ? withUnit(this.tag, spread) : "nothing measured";
    const anomalies = summary?.anomalies ?? 0;
    setText(this.parts.shown, spread);
    setText(this.parts.anomalies, summary ? whole.format(anomalies) : "–");
    const events = this.events.length ? `, ${eventsText(this.events.length)}` : "";
    this.nameChart(`${label}: ${values}, ${anomaliesText(anomalies)}${events}`);
  }

  describeMissing(label, text) {
    setText(this.parts.shown, text);
    setText(this.parts.anomalies, "–");
    this.nameChart(`${label}: ${text}`);
  }

  nameChart(text) {
    setAttribute(this.canvas, "aria-label", `Chart of ${this.tag.name}, ${text}.`);
  }

  /** What was measured where playback stands. */
  showThen(at) {
    this.parts.then.hidden = at === null;
    if (at === null) return;
    setText(this.parts["then-value"], momentValueText(this.tag, this.layer.at(at)));
  }

  sayNoChart(text) {
    setText(this.parts["no-chart"], text);
    this.parts["no-chart"].hidden = false;
  }

  /** Charts can be drawn: `makeChart()` makes this card's once it is seen. */
  useCharts(makeChart) {
    this.makeChart = makeChart;
    this.parts["no-chart"].hidden = true;
    this.parts.picture.hidden = false;
    this.parts.compare.disabled = false;
    this.plot.classList.add("ready");
  }
}
