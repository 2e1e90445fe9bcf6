// The summary of one tag: its value, its state in words and shape, and its last minutes as a line.
import { descendant, partsOf, setAttribute, setIcon, setText } from "../base/dom.js";
import { alarmOfTag } from "../live/alarms.js";
import { openEventsOf } from "../live/events.js";
import { Series } from "../live/series.js";
import { Sparkline } from "../charts/sparkline.js";
import { stateOf } from "./tag-state.js";
import { filled } from "../base/pattern.js";
import { durationText, leadText, showTime } from "../base/times.js";
import { valueText, whole, words } from "../base/words.js";

const KEPT_MS = 60000; // an urgent card stays in place for this long afterwards, so that cards do not jump
const LEAST_MS = 2000; // a shorter duration is not shown

/**
 * Return how many readings are ahead of time, and by how much, in the server's words.
 * @param {{count: number, ms: number}} ahead
 */
function aheadText({ count, ms }) {
  if (!count) return "";
  return `${whole.format(count)} ${count === 1 ? "reading" : "readings"} ahead of time, up to ${leadText(ms)}`;
}

export class TagSummary {
  series = new Series();
  urgentUntil = -Infinity;
  /** The highest urgency of the states until then. */
  mostUrgent = 0;

  /**
   * @param {HTMLElement} element
   * @param {import("../base/settings.js").Tag} tag
   * @param {{isWall?: boolean}} options
   */
  constructor(element, tag, { isWall = false } = {}) {
    this.element = element;
    this.tag = tag;
    this.isWall = isWall;
    /** @type {number | null} when a limit was left, in epoch milliseconds; null while the value is within */
    this.outsideSince = tag.outsideSince ? Date.parse(tag.outsideSince) : null;
    this.parts = partsOf(element);
    /** @type {number | null} since when the tag has been normal, in epoch milliseconds */
    this.changedAt = tag.newestAnomaly ? Date.parse(tag.newestAnomaly) : null;
    this.sparkline = new Sparkline(this.parts.sparkline, tag);
  }

  /** How much the tag needs a person, now or up to a minute ago; 0 is not at all. */
  get urgency() {
    return performance.now() < this.urgentUntil ? this.mostUrgent : 0;
  }

  /**
   * Show the value and the state: cheap, thus for every card whenever there are readings.
   * @param {number} now epoch milliseconds
   */
  showNow(now) {
    const latest = this.series.latestAt(now);
    this.showState(now);
    setText(this.parts.ahead, aheadText(this.series.aheadAt(now)));
    if (!latest) return;
    setText(this.parts.value, valueText(this.tag, latest.y));
    showTime(this.timeNode(), latest.x);
    if (!this.element.hidden) this.sparkline.show(this.series.pointsAt(now), now, openEventsOf(this.tag.name));
  }

  /** @param {number} now epoch milliseconds */
  showState(now) {
    const alarm = alarmOfTag(this.tag.name);
    const found = stateOf(
      this.tag,
      {
        points: this.series.pointsAt(now),
        events: openEventsOf(this.tag.name),
        alarm,
        outsideSince: this.outsideSince,
        isWall: this.isWall,
      },
      now,
    );
    const { state, word, detail, urgency } = found;
    if (state === "outside")
      this.outsideSince ??= found.since; // the series drops old points, the card does not
    else if (state !== "alarm") this.outsideSince = null;
    setAttribute(this.element, "data-state", state);
    this.showAlarm(alarm);
    setIcon(descendant(this.element, ".state"), alarm ? `priority-${alarm.priority}` : state);
    setText(this.parts.word, word);
    const lasting = this.lastingText(found, now);
    setText(this.parts.lasting, lasting && detail ? `${lasting}:` : lasting);
    setText(this.parts.detail, detail);
    if (urgency && urgency >= this.urgency) {
      Object.assign(this, { mostUrgent: urgency, urgentUntil: performance.now() + KEPT_MS });
    }
  }

  /** @param {import("../live/alarms.js").BriefAlarm | null} alarm */
  showAlarm(alarm) {
    if (alarm) setAttribute(this.element, "data-priority", alarm.priority);
    else this.element.removeAttribute("data-priority");
    this.element.toggleAttribute("data-unseen", alarm !== null && !alarm.acknowledged);
    this.element.toggleAttribute("data-over", alarm !== null && !alarm.active);
  }

  /**
   * Return how long the state has lasted, or how long ago it was, as far as the page knows.
   * @param {import("./tag-state.js").TagState} found
   * @param {number} now epoch milliseconds
   */
  lastingText({ state, since, isPast }, now) {
    if (state === "normal") this.changedAt = since ?? this.changedAt; // the series drops old points, the card does not
    const start = state === "normal" ? this.changedAt : since;
    if (start === null || now - start < LEAST_MS) return "";
    const { past, lasting } = words.patterns;
    return filled(isPast ? past : lasting, [durationText(now - start)]);
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
