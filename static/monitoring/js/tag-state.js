// What a tag's newest measurements say of it: its state, since when, and why.
import { reasonsOf } from "./findings.js";
import { ageText, momentText } from "./times.js";

const HOLD_MS = 10000; // an anomaly of one second stays to be seen

/** {state, since, detail} of a series' points; `since` is null where the points don't reach back far enough. */
export function stateOf(tag, points, now) {
  const latest = points.at(-1);
  if (!latest) return { state: "empty", since: null, detail: "" };
  if (now - latest.x > tag.staleAfterMs) {
    return { state: "stale", since: latest.x, detail: `no reading since ${momentText(latest.x)}` };
  }
  const why = (point) => reasonsOf(tag, point.id).join("; ");
  const since = beginning(points, tag.staleAfterMs);
  if (latest.anomaly) return { state: "anomaly", since: since ?? points[0].x, detail: why(latest) };
  const last = points.findLast((point) => point.anomaly || latest.x - point.x > HOLD_MS);
  if (last?.anomaly && latest.x - last.x <= HOLD_MS) {
    return { state: "recent", since: null, detail: `${ageText(now - last.x)} ago: ${why(last)}` };
  }
  return { state: "normal", since, detail: "" };
}

/** When what the last point is began: at the first behind another kind or behind silence; null if neither is there. */
function beginning(points, silenceMs) {
  const { anomaly } = points.at(-1);
  for (let i = points.length - 1; i > 0; i--) {
    const isOther = points[i - 1].anomaly !== anomaly;
    if (isOther || points[i].x - points[i - 1].x > silenceMs) return points[i].x;
  }
  return null;
}
