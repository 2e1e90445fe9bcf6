// One tag at a glance: its value, its state in words and shape, and its last minutes as a line.
import { partsOf, setAttribute, setIcon, setText } from "../base/dom.js";
import { openEventsOf } from "../live/events.js";
import { Series } from "../live/series.js";
import { Sparkline } from "../charts/sparkline.js";
import { stateOf } from "./tag-state.js";
import { ageText, durationText, showTime } from "../base/times.js";
import { valueText, whole } from "../base/words.js";

const KEPT_MS = 60000; // what needed a person keeps its place for so long: cards don't jump up and down
const SECONDS_BELOW_MS = 600000;
const LEAST_MS = 2000; // shorter than that, nothing has lasted

/** What is ahead of time, as the server says it. */
function aheadText({ count, ms }) {
  if (!count) return "";
  const upTo = ms < SECONDS_BELOW_MS ? `${Math.round(ms / 1000)} s` : ageText(ms);
  return `${whole.format(count)} ${count === 1 ? "reading" : "readings"} ahead of time, up to ${upTo}`;
}

export class Glance {
  series = new Series();
  urgentUntil = -Infinity;
  mostUrgent = 0; // of its states until then
  /** @type {HTMLElement} */
  element;
  /** @type {import("../base/settings.js").Tag} */
  tag;
  /** @type {Record<string, any>} */
  parts;

  constructor(element, tag) {
    Object.assign(this, { element, tag, parts: partsOf(element) });
    this.changedAt = tag.newestAnomaly ? Date.parse(tag.newestAnomaly) : null;
    this.sparkline = new Sparkline(this.parts.sparkline, tag);
  }

  /** How much it needs a person, or did a moment ago; 0 is not at all. */
  get urgency() {
    return performance.now() < this.urgentUntil ? this.mostUrgent : 0;
  }

  /** The value and the state, in words: cheap, for every card whenever there is news. */
  showNow(now) {
    const latest = this.series.latestAt(now);
    this.showState(now);
    setText(this.parts.ahead, aheadText(this.series.aheadAt(now)));
    if (!latest) return;
    setText(this.parts.value, valueText(this.tag, latest.y));
    showTime(this.timeNode(), latest.x);
    if (!this.element.hidden) this.sparkline.show(this.series.pointsAt(now), now, openEventsOf(this.tag.name));
  }

  showState(now) {
    const { state, word, since, detail, urgency } = stateOf(
      this.tag,
      this.series.pointsAt(now),
      openEventsOf(this.tag.name),
      now,
    );
    setAttribute(this.element, "data-state", state);
    setIcon(this.element.querySelector(".state"), state === "recent" ? "anomaly" : state);
    setText(this.parts.word, word);
    const lasting = this.lastingText(state, since, now);
    setText(this.parts.lasting, lasting && detail ? `${lasting}:` : lasting);
    setText(this.parts.detail, detail);
    if (urgency && urgency >= this.urgency) {
      Object.assign(this, { mostUrgent: urgency, urgentUntil: performance.now() + KEPT_MS });
    }
  }

  /** For how long it has been so, as far as the page can know. */
  lastingText(state, since, now) {
    if (state === "normal") this.changedAt = since ?? this.changedAt; // the series forgets, the card does not
    const start = state === "normal" ? this.changedAt : since;
    return start !== null && now - start >= LEAST_MS ? `for ${durationText(now - start)}` : "";
  }

  timeNode() {
    let node = this.parts.time.querySelector("time");
    if (!node) {
      node = document.createElement("time");
      this.parts.time.replaceChildren(node);
    }
    return node;
  }
}
