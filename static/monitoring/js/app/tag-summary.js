// The summary of one tag: its value, its state in words and shape, and its last minutes as a line.
import { descendant, partsOf, setAttribute, setIcon, setText } from "../base/dom.js";
import { alarmOfTag } from "../live/alarms.js";
import { confirmedUntil } from "../live/confirmed.js";
import { openEventsOf } from "../live/events.js";
import { rateText } from "../base/counters.js";
import { Series } from "../live/series.js";
import { Sparkline } from "../charts/sparkline.js";
import { aheadText, lastingText, stateOf } from "./tag-state.js";
import { AHEAD_MS, settings } from "../base/settings.js";
import { showTime } from "../base/times.js";
import { valueText } from "../base/words.js";

const KEPT_MS = 60000; // an urgent card stays in place for this long afterwards, so that cards do not jump

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
    setText(this.parts.ahead, aheadText(this.aheadAt(now)));
    if (!latest) return;
    setText(this.parts.value, valueText(this.tag, latest.y));
    showTime(this.timeNode(), latest.x);
    if (this.tag.kind === "counter") setText(this.parts.rate, rateText(this.tag, this.series.pointsAt(now)));
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
        confirmedUntil: confirmedUntil(this.tag),
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
    if (state === "normal") this.changedAt = found.since ?? this.changedAt; // the series drops old points, the card does not
    setText(this.parts.lasting, lastingText(found, this.changedAt, now));
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
   * Return how many readings are ahead of time, and by how many milliseconds. Until the page has read them, those that
   * the server has counted.
   * @param {number} now epoch milliseconds
   */
  aheadAt(now) {
    const found = this.series.aheadAt(now);
    const { readings = 0, until = settings.now } = this.tag.ahead ?? {};
    const ms = Date.parse(until) - now;
    return found.count || ms <= AHEAD_MS ? found : { count: readings, ms };
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
