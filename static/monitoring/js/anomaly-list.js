// The list of recent anomalies. Its rows stay where they are and take new content: nothing slides.
import { addressOf } from "./address.js";
import { announce } from "./announcer.js";
import { partsOf, setAttribute, setText } from "./dom.js";
import { settings, tagOf } from "./settings.js";
import { showTime } from "./times.js";
import { showPast, view } from "./view.js";
import { reasonTexts, valueText, withUnit } from "./words.js";

const list = document.getElementById("anomalies");
const rows = [...list.children].map((element) => ({ element, parts: partsOf(element) }));
const none = document.getElementById("no-anomalies");
let highestId = null;

/** Shows the newest anomalies, newest first, and says aloud which came since the last call. */
export function showAnomalies(anomalies) {
  rows.forEach(({ element, parts }, i) => {
    element.hidden = i >= anomalies.length;
    if (!element.hidden) fill(parts, anomalies[i]);
  });
  none.hidden = anomalies.length > 0;
  const fresh = anomalies.filter(({ id }) => highestId !== null && id > highestId);
  highestId = anomalies.reduce((highest, { id }) => Math.max(highest, id), highestId ?? 0);
  if (fresh.length) announce("anomalies", spoken(fresh));
}

/** Shows the anomaly that is clicked among what was measured around it; `end()` is the right edge of time. */
export function wireAnomalies(end) {
  list.addEventListener("click", (event) => {
    const row = rows.find(({ parts }) => parts.link.contains(event.target));
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    const { from, to } = around(Date.parse(row.parts.time.dateTime));
    const tag = view.tag && row.parts.tag.textContent;
    showPast(from, to, end(), { tag, isChoice: true, isStill: true });
  });
}

const around = (time) => ({ from: time - settings.aroundMs, to: time + settings.aroundMs });

function fill(parts, anomaly) {
  const tag = tagOf(anomaly.tag);
  const time = Date.parse(anomaly.timestamp);
  showTime(parts.time, time);
  setAttribute(parts.link, "href", addressOf({ ...view, past: around(time) }));
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
