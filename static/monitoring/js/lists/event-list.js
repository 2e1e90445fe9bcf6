// The list of events: those that last, and then the newest of those that have ended. Its rows stay where they are.
import { addressOf } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { serverNow } from "../base/clock.js";
import { partsOf, setAttribute, setText } from "../base/dom.js";
import { isMoment, kindText, lengthText } from "./event-words.js";
import { areMoreOpen, endedEvents, openEvents } from "../live/events.js";
import { tagToShow } from "../app/part.js";
import { settings } from "../base/settings.js";
import { showTime, untilText } from "../base/times.js";
import { showPast, view } from "../app/view.js";

const list = document.getElementById("events");
const rows = [...list.children].map((element) => ({ element, parts: partsOf(element), event: null }));
const none = document.getElementById("no-events");
const count = document.getElementById("events-open");
let highestId = null;

/** Shows the events as they are now. */
export function showEvents(now) {
  const open = openEvents();
  const events = [...open, ...endedEvents()].slice(0, rows.length);
  rows.forEach((row, i) => {
    row.event = events[i] ?? null;
    row.element.hidden = !row.event;
    if (row.event) fill(row, now);
  });
  none.hidden = events.length > 0;
  setText(count, open.length ? `${open.length}${areMoreOpen() ? " or more" : ""} open` : "");
}

/** Says aloud which events have begun since the last call. */
export function announceEvents() {
  const fresh = openEvents().filter(({ id }) => highestId !== null && id > highestId);
  highestId = [...openEvents(), ...endedEvents()].reduce((highest, { id }) => Math.max(highest, id), highestId ?? 0);
  if (fresh.length) announce("events", spoken(fresh));
}

/** Shows the event that is clicked in what was measured around it; the handlers are those of wireAnomalies. */
export function wireEvents({ end, isChartShown, reveal }) {
  list.addEventListener("click", (click) => {
    const { event } = rows.find(({ parts }) => parts.link.contains(click.target)) ?? {};
    if (!event || click.ctrlKey || click.metaKey || click.shiftKey) return; // a tab of its own
    click.preventDefault();
    const { from, to } = around(event, serverNow());
    const tag = isChartShown(event.tag) ? view.tag : event.tag;
    showPast(from, to, end(), { tag, event: event.id, anomaly: null, isChoice: true, isStill: true });
    reveal(event.tag);
  });
}

/** All of the event, and as much again as an anomaly is given. */
function around({ start, end }, now) {
  return { from: start - settings.aroundMs, to: Math.min((end ?? now) + settings.aroundMs, now) };
}

function fill({ element, parts, event }, now) {
  const isOpen = event.end === null;
  setAttribute(element, "data-open", String(isOpen));
  setAttribute(
    parts.link,
    "href",
    addressOf({ ...view, tag: tagToShow(event.tag), past: around(event, now), event: event.id, anomaly: null }),
  );
  setText(parts.kind, kindText(event));
  setText(parts.tag, event.tag);
  setText(parts.length, lengthText(event, now));
  setText(parts.since, isOpen ? "since " : "");
  showTime(parts.start, event.start);
  const hasNoEnd = isOpen || isMoment(event);
  setText(parts.to, hasNoEnd ? "" : " to ");
  setAttribute(parts.end, "datetime", hasNoEnd ? "" : new Date(event.end).toISOString());
  setText(parts.end, hasNoEnd ? "" : untilText({ from: event.start, to: event.end }));
  setText(parts.explanation, event.explanation);
}

function spoken([newest, ...others]) {
  const first = `Event: ${newest.tag}, ${kindText(newest)}: ${newest.explanation}`;
  return others.length ? `${first}; and ${others.length} more` : first;
}
