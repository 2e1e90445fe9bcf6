// The state of a tag by its newest measurements, events and alarm: the state, since when, and why. The first paint has
// the same states from the server, by the same rules (monitoring/dashboard/states.py).
import { kindText, whyText } from "../lists/event-words.js";
import { strongestFirst } from "../live/events.js";
import { reasonsOf } from "../live/rule-violations.js";
import { filled } from "../base/pattern.js";
import { settings } from "../base/settings.js";
import { ageText, durationText, leadText, momentText } from "../base/times.js";
import { limitText, words } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../live/alarms.js").BriefAlarm} BriefAlarm
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {import("../live/series.js").Point} Point
 *
 * @typedef {"alarm" | "outside" | "recent" | "event" | "stale" | "unusual" | "normal" | "empty"} StateName
 *
 * The data of a state. `points`: ascending in time; `events`: the open ones, latest start first; `alarm`: the tag's
 * most urgent one; `outsideSince`: when a limit was left before the first point, in epoch milliseconds;
 * `confirmedUntil`: until when a source confirms the newest value, in epoch milliseconds; `isWall`: a wall screen shows neither violations of the 3σ rule nor explanations of events.
 * @typedef {{points: Point[], events?: PlantEvent[], alarm?: BriefAlarm | null, outsideSince?: number | null,
 *   confirmedUntil?: number, isWall?: boolean}} Evidence
 *
 * A state as a card shows it. `since`: epoch milliseconds, null where the points do not reach back far enough;
 * `isPast`: `since` is the time of something that is over; `urgency`: 0 if no person is needed.
 * @typedef {{state: StateName, word: string, since: number | null, isPast: boolean, detail: string, urgency: number}}
 *   TagState
 */

const HOLD_MS = 10000; // an anomaly of one second stays visible for this long

/**
 * Return the state of a tag: the alarm, else the limit, else missing data, else events, else 3σ.
 * @param {Tag} tag
 * @param {Evidence} evidence
 * @param {number} now epoch milliseconds
 * @returns {TagState}
 */
export function stateOf(tag, evidence, now) {
  const { points, events: open = [], alarm = null, outsideSince = null, confirmedUntil, isWall = false } = evidence;
  const latest = points.at(-1);
  if (!latest) return alarm ? alarmState(alarm, "") : state("empty");
  const stale = staleText(tag, latest, now, confirmedUntil);
  if (alarm) return alarmState(alarm, further(tag, latest, alarm, stale));
  const outside = outsideText(tag, latest);
  const events = strongestFirst(open);
  if (outside) {
    const detail = joined(outside, stale || (events.length ? kindText(events[0]) : ""));
    return state("outside", { since: leftAt(tag, points) ?? outsideSince ?? points[0].x, detail });
  }
  if (stale) return state("stale", { since: latest.x, detail: stale });
  const last = points.findLast((point) => point.anomaly || latest.x - point.x > HOLD_MS);
  const held = last?.anomaly && latest.x - last.x <= HOLD_MS ? last : null;
  const heldText = held ? outsideText(tag, held) : "";
  if (held && heldText)
    return state("recent", { detail: `${filled(words.patterns.past, [ageText(now - held.x)])}: ${heldText}` });
  if (events.length) return eventState(events, latest, isWall);
  if (held && !isWall) return state("unusual", { detail: reasonsOf(tag, held.id).join("; ") });
  return state("normal", { since: beginning(points, tag.staleAfterMs) });
}

/**
 * Return how long a state has lasted, or how long ago it was; with a colon if a detail follows.
 * @param {TagState} found
 * @param {number | null} normalSince epoch milliseconds, null if unknown
 * @param {number} now epoch milliseconds
 */
export function lastingText({ state, since, isPast, detail }, normalSince, now) {
  const start = state === "normal" ? normalSince : since;
  if (start === null || now - start < settings.shortestStateMs) return "";
  const { past, lasting } = words.patterns;
  return filled(isPast ? past : lasting, [durationText(now - start)]) + (detail ? ":" : "");
}

/**
 * Return how many readings are ahead of time, and by how much.
 * @param {{count: number, ms: number}} ahead
 */
export function aheadText({ count, ms }) {
  if (!count) return "";
  const key = count === 1 ? "one" : count < settings.mostAhead ? "several" : "most";
  return filled(words.ahead[key], { count: Math.min(count, settings.mostAhead), lead: leadText(ms) });
}

/** @type {(name: StateName, found?: Partial<TagState>) => TagState} */
const state = (name, found = {}) => ({
  state: name,
  word: words.card[name],
  since: null,
  isPast: false,
  detail: "",
  urgency: settings.urgency[name] ?? 0,
  ...found,
});

/** @type {(...texts: string[]) => string} */
const joined = (...texts) => texts.filter(Boolean).join("; ");

/**
 * @param {BriefAlarm} alarm
 * @param {string} more
 */
function alarmState({ word, detail, urgency, active, activeAt, clearedAt }, more) {
  const since = active ? activeAt : clearedAt;
  return state("alarm", { word, since, isPast: !active, detail: joined(detail, more), urgency });
}

/**
 * Return the texts that the detail of an alarm has besides the alarm: a limit, missing data.
 * @type {(tag: Tag, latest: Point, alarm: BriefAlarm, stale: string) => string}
 */
function further(tag, latest, { kind }, stale) {
  const outside = settings.limitKinds.includes(kind) ? "" : outsideText(tag, latest);
  return joined(outside && `${words.card.outside}, ${outside}`, stale);
}

/**
 * Return the state of the first event, with the number of further ones. An event that happens at a moment has an age
 * and no duration.
 * @param {PlantEvent[]} events at least one
 * @param {Point} latest
 * @param {boolean} isWall without the explanation, which is too long to be read from afar
 */
function eventState([event, ...others], latest, isWall) {
  const isBack = event.kind === settings.overAtOnce && !latest.anomaly;
  const more = others.length ? filled(words.patterns.more, [others.length]) : "";
  return state("event", {
    word: kindText(event),
    since: event.start,
    isPast: settings.momentaryKinds.includes(event.kind),
    detail: joined(isBack ? words.other.back : "", isWall ? "" : whyText(event), more),
  });
}

/** @type {(tag: Tag, latest: Point, now: number, confirmedUntil?: number) => string} */
const staleText = (tag, { x }, now, confirmedUntil = x) =>
  now - Math.max(x, confirmedUntil) > tag.staleAfterMs ? filled(words.patterns.noReading, [momentText(x)]) : "";

/**
 * Return the limit that the measurement violates, as text; empty if there is none.
 * @type {(tag: Tag, point: Point) => string}
 */
function outsideText(tag, { y, anomaly }) {
  if (!anomaly) return "";
  if (tag.upper !== null && y > tag.upper) return limitText("above", tag.upper);
  return tag.lower !== null && y < tag.lower ? limitText("below", tag.lower) : "";
}

/**
 * Return the time of the first point since the last one within the limit that the last point violates; null if all are
 * outside.
 * @param {Tag} tag
 * @param {Point[]} points the last one is outside
 */
function leftAt(tag, points) {
  const text = outsideText(tag, points[points.length - 1]);
  for (let i = points.length - 1; i > 0; i--) {
    if (outsideText(tag, points[i - 1]) !== text) return points[i].x;
  }
  return null;
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
