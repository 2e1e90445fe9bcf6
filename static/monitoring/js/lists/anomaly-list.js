// The list of recent anomalies. Its rows stay where they are and take new content: nothing slides.
import { addressOf } from "../app/address.js";
import { announce } from "../base/announcer.js";
import { partsOf, setAttribute, setText } from "../base/dom.js";
import { tagToShow } from "../app/part.js";
import { settings, tagOf } from "../base/settings.js";
import { showTime } from "../base/times.js";
import { showPast, view } from "../app/view.js";
import { reasonTexts, valueText, withUnit } from "../base/words.js";

const list = document.getElementById("anomalies");
const rows = [...list.children].map((element) => ({ element, parts: partsOf(element), id: idIn(element) }));
const none = document.getElementById("no-anomalies");
let highestId = null;

/** Shows the newest anomalies, newest first, and says aloud which came since the last call. */
export function showAnomalies(anomalies) {
  rows.forEach(({ element, parts }, i) => {
    element.hidden = i >= anomalies.length;
    if (!element.hidden) fill(parts, anomalies[i]);
    rows[i].id = anomalies[i]?.id ?? null;
  });
  none.hidden = anomalies.length > 0;
  const fresh = anomalies.filter(({ id }) => highestId !== null && id > highestId);
  highestId = anomalies.reduce((highest, { id }) => Math.max(highest, id), highestId ?? 0);
  if (fresh.length) announce("anomalies", spoken(fresh));
}

/**
 * Shows the anomaly that is clicked among what was measured around it; `end()` is the right edge of time,
 * `isChartShown(tag)` tells whether the tag's chart is on the page, `reveal(tag)` brings it into sight.
 */
export function wireAnomalies({ end, isChartShown, reveal }) {
  list.addEventListener("click", (event) => {
    const row = rows.find(({ parts }) => parts.link.contains(event.target));
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    const { from, to } = around(Date.parse(row.parts.time.dateTime));
    const name = row.parts.tag.textContent;
    const tag = isChartShown(name) ? view.tag : name;
    showPast(from, to, end(), { tag, anomaly: row.id, event: null, isChoice: true, isStill: true });
    reveal(name);
  });
}

/** The id of the anomaly that the server's link leads to. */
function idIn(element) {
  const href = element.querySelector("[data-part=link]")?.getAttribute("href") ?? "";
  return Number(new URLSearchParams(href.slice(1)).get("anomaly")) || null;
}

const around = (time) => ({ from: time - settings.aroundMs, to: time + settings.aroundMs });

function fill(parts, anomaly) {
  const tag = tagOf(anomaly.tag);
  const time = Date.parse(anomaly.timestamp);
  showTime(parts.time, time);
  setAttribute(
    parts.link,
    "href",
    addressOf({ ...view, tag: tagToShow(anomaly.tag), past: around(time), anomaly: anomaly.id, event: null }),
  );
  setText(parts.tag, anomaly.tag);
  setText(parts.value, valueText(tag, anomaly.value));
  setText(parts.unit, tag.unit);
  setText(parts.reason, reasonTexts(tag, anomaly.findings).join("; "));
}

function spoken([newest, ...others]) {
  const tag = tagOf(newest.tag);
  const first = `Anomaly: ${tag.name} ${withUnit(tag, valueText(tag, newest.value))}, ${reasonTexts(tag, newest.findings).join("; ")}`;
  return others.length ? `${first}; and ${others.length} more` : first;
}
