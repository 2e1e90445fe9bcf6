// The list of events: the open ones, then the newest of those that have ended. The rows stay in place.
import { addressOf } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { serverNow } from "../base/clock.js";
import { partsOf, setAttribute, setLines, setName, setText } from "../base/dom.js";
import { isMoment, isMomentary, kindText, lengthText, timeAround } from "./event-words.js";
import { areMoreOpen, endedEvents, isListed, isWeak, openEvents, unlistedEvents } from "../live/events.js";
import { tagOf } from "../base/settings.js";
import { tagToShow } from "../app/tag-page.js";
import { filled } from "../base/pattern.js";
import { showTime, untilText } from "../base/times.js";
import { words } from "../base/words.js";
import { showPast, view } from "../app/view-state.js";

/**
 * @typedef {import("../live/events.js").PlantEvent} PlantEvent
 * @typedef {{element: HTMLLIElement, parts: Record<string, any>, event: PlantEvent | null}} Row
 */

const list = document.getElementById("events");
const rows = [...list.children].map(
  (element) => /** @type {Row} */ ({ element, parts: partsOf(element), event: null }),
);
const none = document.getElementById("no-events");
const count = document.getElementById("events-open");
const learning = document.getElementById("learning");
const weak = document.getElementById("weak-events");
const showsWeak = /** @type {HTMLInputElement} */ (weak.querySelector("input"));
const weakCount = /** @type {HTMLElement} */ (weak.querySelector("span"));
/** @type {number | null} */
let highestId = null;

/**
 * Show the events as they are at the time `now`.
 * @param {number} now epoch milliseconds
 */
export function showEvents(now) {
  const all = [...openEvents(), ...endedEvents()].filter(isListed);
  const told = showsWeak.checked ? all : all.filter((event) => !isWeak(event));
  const open = openEvents().filter((event) => !isWeak(event) && isListed(event));
  const events = told.slice(0, rows.length);
  showWeakCount(all.filter(isWeak).length);
  rows.forEach((row, i) => {
    row.event = events[i] ?? null;
    row.element.hidden = !row.event;
    if (row.event) fill(row, row.event, now);
  });
  none.hidden = events.length > 0;
  const pattern = words.patterns[areMoreOpen() ? "orMoreOpen" : "open"];
  setText(count, open.length ? filled(pattern, [open.length + unlistedEvents()]) : "");
}

/**
 * Show which tags the detectors are learning, and why there are no events yet.
 * @param {import("../base/settings.js").Health["learning"]} found
 */
export function showLearning({ text, tags }) {
  const { noEvents, noEventsYet, learning: line } = words.patterns;
  setText(none, text ? filled(noEventsYet, [text]) : noEvents);
  setLines(
    learning,
    tags.map((one) => filled(line, one)),
  );
}

/** @param {number} found how many weak events the page knows */
function showWeakCount(found) {
  weak.hidden = found === 0;
  setText(weakCount, `(${found})`);
}

/** Announce the events that have begun since the last call, except weak ones. */
export function announceEvents() {
  const known = highestId;
  const fresh = openEvents().filter((event) => known !== null && event.id > known && !isWeak(event) && isListed(event));
  highestId = [...openEvents(), ...endedEvents()].reduce((highest, { id }) => Math.max(highest, id), highestId ?? 0);
  if (fresh.length) announce("events", spoken(fresh));
}

/**
 * Show a clicked event in the charts, with the measurements around it.
 * @param {import("./anomaly-list.js").ChartAccess} charts
 */
export function wireEvents({ end, isChartShown, reveal }) {
  showsWeak.addEventListener("change", () => showEvents(serverNow()));
  list.addEventListener("click", (click) => {
    const { event } = rows.find(({ parts }) => parts.link.contains(click.target)) ?? {};
    if (!event || click.ctrlKey || click.metaKey || click.shiftKey) return; // the browser opens another tab
    click.preventDefault();
    const { from, to } = timeAround(event, serverNow());
    const tag = isChartShown(event.tag) ? view.tag : event.tag;
    showPast(from, to, end(), { tag, event: event.id, anomaly: null, isChoice: true, isStill: true });
    reveal(event.tag);
  });
}

/**
 * @param {Row} row
 * @param {PlantEvent} event
 * @param {number} now epoch milliseconds
 */
function fill({ element, parts }, event, now) {
  const isOpen = event.end === null;
  setAttribute(element, "data-open", String(isOpen));
  setAttribute(
    parts.link,
    "href",
    addressOf({ ...view, tag: tagToShow(event.tag), past: timeAround(event, now), event: event.id, anomaly: null }),
  );
  setText(parts.kind, kindText(event));
  setName(parts.tag, tagOf(event.tag).shownName);
  setText(parts.length, lengthText(event, now));
  setText(parts.since, isOpen && !isMomentary(event) ? words.patterns.since : "");
  showTime(parts.start, event.start);
  const time = parts.start.textContent;
  setAttribute(
    parts.link,
    "aria-label",
    filled(words.patterns.eventName, { kind: kindText(event), tag: tagOf(event.tag).shownName, time }),
  );
  const end = isMoment(event) ? null : event.end;
  setText(parts.to, end === null ? "" : words.patterns.to);
  setAttribute(parts.end, "datetime", end === null ? "" : new Date(end).toISOString());
  setText(parts.end, end === null ? "" : untilText({ from: event.start, to: end }));
  setText(parts.strength, event.strength);
  setAttribute(element, "data-strength", event.strength);
  setText(parts.explanation, event.explanation);
}

/** @param {PlantEvent[]} events at least one */
function spoken([newest, ...others]) {
  const first = `Event: ${tagOf(newest.tag).shownName}, ${kindText(newest)}: ${newest.explanation}`;
  return others.length ? `${first}; and ${others.length} more` : first;
}
