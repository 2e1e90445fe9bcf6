// What a tag's newest measurements say of it: its state, since when, and why.
import { kindText, whyText } from "../lists/event-words.js";
import { reasonsOf } from "../live/findings.js";
import { settings } from "../base/settings.js";
import { ageText, momentText } from "../base/times.js";
import { words } from "../base/words.js";

const HOLD_MS = 10000; // an anomaly of one second stays to be seen

/**
 * {state, word, since, detail, urgency} of a series' points and of the `events` that last, which began last
 * first; `since` is null where the points don't reach back far enough, `urgency` is 0 for what needs nobody.
 */
export function stateOf(tag, points, events, now) {
  const found = measuredState(tag, points, now);
  const hasEvent = events.length > 0 && !["stale", "empty"].includes(found.state);
  if (hasEvent) return eventState(tag, events, points.at(-1));
  return { urgency: settings.urgency[found.state] ?? 0, word: words.card[found.state], ...found };
}

/** The newest event, how many there are beside it, and whether the value is outside a limit all the same. */
function eventState(tag, [event, ...others], latest) {
  const more = others.length ? [`${others.length} more`] : [];
  const outside = latest.anomaly && isOutside(tag, latest.y) ? [`value ${reasonsOf(tag, latest.id)[0]}`] : [];
  const detail = [whyText(event), ...outside, ...more].join("; ");
  return { state: "event", word: kindText(event), since: event.start, detail, urgency: settings.urgency.event };
}

/** Whether the value lies outside a limit of the tag: that needs a person, what the 3σ rule finds alone does not. */
const isOutside = ({ lower, upper }, y) => (lower !== null && y < lower) || (upper !== null && y > upper);

function measuredState(tag, points, now) {
  const latest = points.at(-1);
  if (!latest) return { state: "empty", since: null, detail: "" };
  if (now - latest.x > tag.staleAfterMs) {
    return { state: "stale", since: latest.x, detail: `no reading since ${momentText(latest.x)}` };
  }
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

/** When what the last point is began: at the first behind another kind or behind silence; null if neither is there. */
function beginning(points, silenceMs) {
  const { anomaly } = points.at(-1);
  for (let i = points.length - 1; i > 0; i--) {
    const isOther = points[i - 1].anomaly !== anomaly;
    if (isOther || points[i].x - points[i - 1].x > silenceMs) return points[i].x;
  }
  return null;
}
