// One tag's card: value, state in words and shape, and its chart if there are charts.
import { settings } from "./settings.js";
import { partsOf, setAttribute, setIcon, setText } from "./dom.js";
import { reasonsOf } from "./findings.js";
import { Series } from "./series.js";
import { ageText, momentText, showTime } from "./times.js";
import { valueText, withUnit, words } from "./words.js";

const HOLD_MS = 10000; // an anomaly of one second stays to be seen

export class Card {
  chart = null;
  series = new Series();

  constructor(element, tag) {
    Object.assign(this, { element, tag, parts: partsOf(element) });
    this.canvas = element.querySelector("canvas");
    this.plot = element.querySelector(".plot");
  }

  /** Everything that depends on data or time. `range` is what the charts show. */
  update(now, range, label) {
    const { latest } = this.series;
    this.showState(now);
    if (latest) {
      setText(this.parts.value, valueText(this.tag, latest.y));
      showTime(this.timeNode(), latest.x);
    }
    if (this.element.hidden) return;
    const points = this.series.between(range.from, range.to);
    this.chart?.draw(points, range);
    this.describe(points.filter(({ x }) => x >= range.from && x <= range.to), label);
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
  describe(points, label) {
    const values = points.map(({ y }) => y);
    const count = points.reduce((sum, { anomaly }) => sum + anomaly, 0);
    const [low, high] = [Math.min, Math.max].map((f) => values.length && valueText(this.tag, values.reduce((a, b) => f(a, b))));
    const spread = values.length ? `${low} to ${high}` : "nothing";
    const anomalies = count === 1 ? "1 anomaly" : `${count} anomalies`;
    setText(this.parts.shown, values.length ? `${spread}, ${anomalies}` : "–");
    setAttribute(this.canvas, "aria-label", `Chart of ${this.tag.name}, ${label}: ${withUnit(this.tag, spread)}, ${anomalies}.`);
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
