// The rows of the paged lists: events and anomalies of the time shown.
import { addressOf } from "../app/address.js";
import { tagToShow } from "../app/tag-page.js";
import { view } from "../app/view-state.js";
import { serverNow } from "../base/clock.js";
import { setName } from "../base/dom.js";
import { settings, tagOf } from "../base/settings.js";
import { durationText, momentText } from "../base/times.js";
import { reasonTexts, valueText, withUnit } from "../base/words.js";
import { eventOf } from "../live/events.js";
import { spanOfGap, spanOfQuality, spanText, WORDS } from "../live/spans.js";
import { kindText, lengthText, timeAround, whenText } from "./event-words.js";

/** @typedef {{icon: string, href: string, link: string, tag: string, amount: string, reason: string, isOpen?: boolean}} RowText */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {import("../live/events.js").EventItem} item
 * @param {number} now epoch milliseconds
 * @returns {RowText}
 */
export function eventTexts(item, now) {
  const event = eventOf(item);
  const past = timeAround(event, now);
  return {
    icon: "event",
    href: addressOf({ ...view, tag: tagToShow(event.tag), past, event: event.id, anomaly: null }),
    link: kindText(event),
    tag: tagOf(event.tag).shownName,
    amount: lengthText(event, now),
    reason: `${whenText(event)} ${event.explanation}`,
    isOpen: event.end === null,
  };
}

/**
 * @param {import("../base/settings.js").Anomaly} anomaly
 * @returns {RowText}
 */
export function anomalyTexts({ id, tag, timestamp, value, findings }) {
  const time = Date.parse(timestamp);
  const past = { from: time - settings.aroundMs, to: time + settings.aroundMs };
  const definition = tagOf(tag);
  return {
    icon: "anomaly",
    href: addressOf({ ...view, tag: tagToShow(tag), past, anomaly: id, event: null }),
    link: momentText(time),
    tag: definition.shownName,
    amount: withUnit(definition, valueText(definition, value)),
    reason: reasonTexts(definition, findings).join("; "),
  };
}

/**
 * @param {import("../live/spans.js").Span} span
 * @param {number} now epoch milliseconds
 * @returns {RowText}
 */
export function spanTexts(span, now) {
  const { tag, source, start, end } = span;
  const past = timeAround(span, now);
  return {
    icon: "stale",
    href: addressOf({ ...view, ...(tag && { tag: tagToShow(tag) }), past, event: null, anomaly: null }),
    link: WORDS[span.kind],
    tag: tag === null ? `all of ${source}` : tagOf(tag).shownName,
    amount: durationText((end ?? now) - start),
    reason: spanText(span),
    isOpen: end === null,
  };
}

/** @param {import("../live/spans.js").QualityItem} item */
export const qualityRow = (item) => rowOf(spanTexts(spanOfQuality(item), serverNow()));

/** @param {import("../live/spans.js").GapItem} item */
export const gapRow = (item) => rowOf(spanTexts(spanOfGap(item), serverNow()));

/** @param {import("../live/events.js").EventItem} item */
export const eventRow = (item) => rowOf(eventTexts(item, serverNow()));

/** @param {import("../base/settings.js").Anomaly} anomaly */
export const anomalyRow = (anomaly) => rowOf(anomalyTexts(anomaly));

/** @param {RowText} text */
function rowOf({ icon, href, link, tag, amount, reason, isOpen }) {
  const row = document.createElement("li");
  if (isOpen !== undefined) row.dataset.open = String(isOpen);
  const svg = row.appendChild(document.createElementNS(SVG, "svg"));
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(SVG, "use")).setAttribute("href", `#icon-${icon}`);
  const anchor = row.appendChild(document.createElement("a"));
  anchor.href = href;
  anchor.textContent = link;
  const name = row.appendChild(document.createElement("span"));
  name.className = "name";
  setName(name, tag);
  for (const [kind, text] of [
    ["amount", amount],
    ["reason", reason],
  ]) {
    const cell = row.appendChild(document.createElement("span"));
    cell.className = kind;
    cell.textContent = text;
  }
  return row;
}
