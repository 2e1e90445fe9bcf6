// The state of a tag by its newest measurements: the state, since when, and why.
import { kindText, whyText } from "../lists/event-words.js";
import { reasonsOf } from "../live/rule-violations.js";
import { settings } from "../base/settings.js";
import { ageText, momentText } from "../base/times.js";
import { words } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {import("../live/series.js").Point} Point
 *
 * @typedef {"empty" | "stale" | "anomaly" | "recent" | "normal" | "event"} StateName
 *
 * `since`: epoch milliseconds, null where the points do not reach back far enough.
 * @typedef {{state: StateName, since: number | null, detail: string, urgency?: number}} MeasuredState
 *
 * A state as a card shows it; `urgency` is 0 if no person is needed.
 * @typedef {MeasuredState & {word: string, urgency: number}} TagState
 */

const HOLD_MS = 10000; // an anomaly of one second stays visible for this long

/**
 * Return the state of a tag.
 * @param {Tag} tag
 * @param {Point[]} points ascending in time
 * @param {PlantEvent[]} events the open ones, latest start first
 * @param {number} now epoch milliseconds
 * @returns {TagState}
 */
export function stateOf(tag, points, events, now) {
  const found = measuredState(tag, points, now);
  const hasEvent = events.length > 0 && !["stale", "empty"].includes(found.state);
  if (hasEvent) return eventState(tag, events, points[points.length - 1]);
  return { ...found, urgency: found.urgency ?? settings.urgency[found.state] ?? 0, word: words.card[found.state] };
}

/**
 * Return the state of the newest event, with the number of further ones and a limit that the value violates besides.
 * @param {Tag} tag
 * @param {PlantEvent[]} events at least one
 * @param {Point} latest
 * @returns {TagState}
 */
function eventState(tag, [event, ...others], latest) {
  const more = others.length ? [`${others.length} more`] : [];
  const outside = latest.anomaly && isOutside(tag, latest.y) ? [`value ${reasonsOf(tag, latest.id)[0]}`] : [];
  const detail = [whyText(event), ...outside, ...more].join("; ");
  return { state: "event", word: kindText(event), since: event.start, detail, urgency: settings.urgency.event };
}

/**
 * Return whether the value violates a limit of the tag: this needs a person, unlike a violation of the 3σ rule alone.
 * @type {(tag: Tag, y: number) => boolean}
 */
const isOutside = ({ lower, upper }, y) => (lower !== null && y < lower) || (upper !== null && y > upper);

/**
 * @param {Tag} tag
 * @param {Point[]} points
 * @param {number} now
 * @returns {MeasuredState}
 */
function measuredState(tag, points, now) {
  const latest = points.at(-1);
  if (!latest) return { state: "empty", since: null, detail: "" };
  if (now - latest.x > tag.staleAfterMs) {
    return { state: "stale", since: latest.x, detail: `no reading since ${momentText(latest.x)}` };
  }
  /** @param {Point} point */
  const why = (point) => reasonsOf(tag, point.id).join("; ");
  const since = beginning(points, tag.staleAfterMs);
  if (latest.anomaly) {
    const urgency = isOutside(tag, latest.y) ? settings.urgency.anomaly : 0;
    return { state: "anomaly", since: since ?? points[0].x, detail: why(latest), urgency };
  }
  const last = points.findLast((point) => point.anomaly || latest.x - point.x > HOLD_MS);
  if (last?.anomaly && latest.x - last.x <= HOLD_MS) {
    const urgency = isOutside(tag, last.y) ? settings.urgency.anomaly : 0;
    return { state: "recent", since: null, detail: `${ageText(now - last.x)} ago: ${why(last)}`, urgency };
  }
  return { state: "normal", since, detail: "" };
}

/**
 * Return when the last point's kind (anomaly or not) began: at the first point after one of the other kind or after a
 * silence; null if the points have neither.
 * @param {Point[]} points at least one
 * @param {number} silenceMs
 */
function beginning(points, silenceMs) {
  const { anomaly } = points[points.length - 1];
  for (let i = points.length - 1; i > 0; i--) {
    const isOther = points[i - 1].anomaly !== anomaly;
    if (isOther || points[i].x - points[i - 1].x > silenceMs) return points[i].x;
  }
  return null;
}
