// The list of recent anomalies. The rows stay in place and take new content, so that nothing moves.
import { addressOf } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { partsOf, setAttribute, setName, setText } from "../base/dom.js";
import { tagToShow } from "../app/tag-page.js";
import { settings, tagOf } from "../base/settings.js";
import { showTime } from "../base/times.js";
import { showPast, view } from "../app/view-state.js";
import { reasonTexts, valueText, withUnit } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").Anomaly} Anomaly
 *
 * Functions of the page for lists whose entries open in the charts. `end()` returns the newest time that charts can
 * show; `isChartShown(tag)` whether the tag's chart is on the page; `reveal(tag)` scrolls the chart into view.
 * @typedef {{end: () => number, isChartShown: (tag: string) => boolean, reveal: (tag: string) => void}} ChartAccess
 */

const list = document.getElementById("anomalies");
const rows = [...list.children].map((element) => ({ element, parts: partsOf(element), id: idIn(element) }));
/** How many anomalies have a row. */
export const listedAnomalies = rows.length;
const none = document.getElementById("no-anomalies");
/** @type {number | null} the highest id that is known; at first that of the newest row, 0 without rows */
let highestId = settings.totals ? Math.max(0, ...rows.map(({ id }) => id ?? 0)) : null;

/**
 * Show the newest anomalies, newest first, and announce those that are new since the last call, or since the page was made.
 * @param {Anomaly[]} anomalies
 */
export function showAnomalies(anomalies) {
  rows.forEach(({ element, parts }, i) => {
    element.hidden = i >= anomalies.length;
    if (!element.hidden) fill(parts, anomalies[i]);
    rows[i].id = anomalies[i]?.id ?? null;
  });
  none.hidden = anomalies.length > 0;
  const known = highestId;
  const fresh = anomalies.filter(({ id }) => known !== null && id > known);
  highestId = anomalies.reduce((highest, { id }) => Math.max(highest, id), highestId ?? 0);
  if (fresh.length) announce("anomalies", spoken(fresh));
}

/**
 * Show a clicked anomaly in the charts, with the measurements around its time.
 * @param {ChartAccess} charts
 */
export function wireAnomalies({ end, isChartShown, reveal }) {
  list.addEventListener("click", (event) => {
    const row = rows.find(({ parts }) => parts.link.contains(event.target));
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens another tab
    event.preventDefault();
    const { from, to } = around(Date.parse(row.parts.time.dateTime));
    const name = row.parts.tag.dataset.tag;
    const tag = isChartShown(name) ? view.tag : name;
    showPast(from, to, end(), { tag, anomaly: row.id, event: null, isChoice: true, isStill: true });
    reveal(name);
  });
}

/**
 * Return the id of the anomaly in the link that the server wrote.
 * @param {Element} element
 */
function idIn(element) {
  const href = element.querySelector("[data-part=link]")?.getAttribute("href") ?? "";
  return Number(new URLSearchParams(href.slice(1)).get("anomaly")) || null;
}

/** @param {number} time */
const around = (time) => ({ from: time - settings.aroundMs, to: time + settings.aroundMs });

/**
 * @param {Record<string, any>} parts
 * @param {Anomaly} anomaly
 */
function fill(parts, anomaly) {
  const tag = tagOf(anomaly.tag);
  const time = Date.parse(anomaly.timestamp);
  showTime(parts.time, time);
  setAttribute(
    parts.link,
    "href",
    addressOf({ ...view, tag: tagToShow(anomaly.tag), past: around(time), anomaly: anomaly.id, event: null }),
  );
  setAttribute(parts.tag, "data-tag", anomaly.tag);
  setName(parts.tag, tag.shownName);
  setText(parts.value, valueText(tag, anomaly.value));
  setText(parts.unit, tag.unit);
  setText(parts.reason, reasonTexts(tag, anomaly.findings).join("; "));
}

/** @param {Anomaly[]} anomalies at least one */
function spoken([newest, ...others]) {
  const tag = tagOf(newest.tag);
  const first = `Anomaly: ${tag.shownName} ${withUnit(tag, valueText(tag, newest.value))}, ${reasonTexts(tag, newest.findings).join("; ")}`;
  return others.length ? `${first}; and ${others.length} more` : first;
}
