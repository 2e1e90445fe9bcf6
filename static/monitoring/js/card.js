// One tag's card: value, state in words and shape, and its chart if there are charts.
import { pointsFor } from "./chunk.js";
import { partsOf, setAttribute, setIcon, setText } from "./dom.js";
import { reasonsOf } from "./findings.js";
import { RawLayer } from "./raw-layer.js";
import { Series } from "./series.js";
import { LIVE_MS, settings } from "./settings.js";
import { TagHistory } from "./tag-history.js";
import { ageText, momentText, showTime } from "./times.js";
import { anomaliesText, spreadText, valueText, whole, withUnit, words } from "./words.js";

const HOLD_MS = 10000; // an anomaly of one second stays to be seen
const ENOUGH = 0.25; // of the range: less than that is not shown while more is on its way

export class Card {
  chart = null;
  layer = null;
  series = new Series();

  /** `onArrival()` is called when there is something new to show. */
  constructor(element, tag, onArrival) {
    Object.assign(this, { element, tag, parts: partsOf(element), history: new TagHistory(tag, onArrival) });
    this.canvas = element.querySelector("canvas");
    this.plot = element.querySelector(".plot");
  }

  /**
   * Everything that depends on data or time. `shown`: {range, isLive, label}, what the charts show;
   * `playback`: {at, aheadMs}.
   */
  update(now, shown, playback) {
    const { latest } = this.series;
    this.showState(now);
    if (latest) {
      setText(this.parts.value, valueText(this.tag, latest.y));
      showTime(this.timeNode(), latest.x);
    }
    if (this.element.hidden) return this.history.leave();
    const { range } = shown;
    this.layer = this.layerFor(shown, playback.aheadMs);
    const isMissing = this.covered(range) < ENOUGH;
    // What was drawn stays until there is something to draw instead.
    if (!isMissing || !this.history.isLoading) this.chart?.draw(this.layer, range, playback.at);
    if (!isMissing) this.describe(this.layer.summary(range), shown.label);
    else if (this.history.failed) this.describeMissing(shown.label, "could not be read, trying again");
    else if (this.history.isSlow) this.describeMissing(shown.label, "loading");
    else if (!this.history.isLoading) this.describe(this.layer.summary(range), shown.label);
    this.showThen(playback.at);
  }

  layerFor({ range, isLive }, aheadMs) {
    const live = new RawLayer(this.series.points, { from: range.to - LIVE_MS, to: range.to });
    if (isLive && range.to - range.from <= LIVE_MS) {
      this.history.leave();
      return live;
    }
    const isUrgent = this.covered(range) < ENOUGH;
    const points = pointsFor(this.plot.clientWidth);
    return this.history.layerFor(range, { points, aheadMs, isUrgent }) ?? this.layer ?? live;
  }

  /** The part of the range that the layer is of: 0 to 1. */
  covered({ from, to }) {
    if (!this.layer) return 0;
    return Math.max(0, Math.min(to, this.layer.to) - Math.max(from, this.layer.from)) / (to - from);
  }

  showState(now) {
    const [state, detail] = this.stateAt(now);
    setAttribute(this.element, "data-state", state);
    setIcon(this.element.querySelector(".state"), state === "recent" ? "anomaly" : state);
    setText(this.parts.word, words.card[state]);
    setText(this.parts.detail, detail);
  }

  stateAt(now) {
    const { latest, points } = this.series;
    if (!latest) return ["empty", ""];
    const age = now - latest.x;
    if (age > settings.staleAfterMs) return ["stale", `no reading since ${momentText(latest.x)} (${ageText(age)} ago)`];
    for (let i = points.length - 1; i >= 0 && latest.x - points[i].x <= HOLD_MS; i--) {
      const reasons = points[i].anomaly && reasonsOf(this.tag, points[i].id).join("; ");
      if (points[i] === latest && latest.anomaly) return ["anomaly", reasons];
      if (points[i].anomaly) return ["recent", `${ageText(now - points[i].x)} ago: ${reasons}`];
    }
    return ["normal", ""];
  }

  /** The chart in words, beside it and for who does not see it. */
  describe(summary, label) {
    const spread = summary ? spreadText(this.tag, summary.low, summary.high) : "nothing";
    const anomalies = summary?.anomalies ?? 0;
    setText(this.parts.shown, summary ? spread : "–");
    setText(this.parts.anomalies, summary ? whole.format(anomalies) : "–");
    this.nameChart(`${label}: ${withUnit(this.tag, spread)}, ${anomaliesText(anomalies)}`);
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
    const found = this.layer.at(at);
    setText(this.parts["then-value"], found ? thenText(this.tag, found) : "nothing measured");
  }

  timeNode() {
    let node = this.parts.time.querySelector("time");
    if (!node) {
      node = document.createElement("time");
      this.parts.time.replaceChildren(node);
    }
    return node;
  }

  sayNoChart(text) {
    setText(this.parts["no-chart"], text);
    this.parts["no-chart"].hidden = false;
  }

  useChart(chart) {
    this.chart = chart;
    this.parts["no-chart"].hidden = true;
    this.plot.classList.add("ready");
  }
}

/** A measurement, or the mean of an interval with its extremes. */
function thenText(tag, { value, low, high }) {
  const text = withUnit(tag, valueText(tag, value));
  return low === undefined || low === high ? text : `${text} (${spreadText(tag, low, high)})`;
}
