// The list of recent anomalies. Its rows stay where they are and take new content: nothing slides.
import { announce } from "./announcer.js";
import { partsOf, setText } from "./dom.js";
import { tagOf } from "./settings.js";
import { showTime } from "./times.js";
import { reasonTexts, valueText, withUnit } from "./words.js";

const rows = [...document.querySelectorAll("#anomalies > li")].map((element) => ({ element, parts: partsOf(element) }));
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

function fill(parts, anomaly) {
  const tag = tagOf(anomaly.tag);
  showTime(parts.time, Date.parse(anomaly.timestamp));
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
