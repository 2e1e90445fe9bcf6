// Where the events of a chart are drawn: a bar each, beside each other in lanes where they overlap in time.
const LEAST_PX = 7; // a bar that is shorter can't be seen, nor hit
const GAP_PX = 2;
const MOST_LANES = 3;

/**
 * Bars {events, spans, left, right, lane, isOpen} in order of their left ends; `spans` are the times of its events
 * in pixels. `pixelOf(time)` places a time, `area` {left, right} is what is drawn on. What is too close to be told
 * apart, or has no lane left, is one bar.
 */
export function barsOf(events, pixelOf, area) {
  const bars = [];
  const lasts = []; // by lane
  for (const event of events) {
    const bar = barOf(event, pixelOf, area);
    const lane = laneFor(bar, lasts);
    if (lane === null) continue;
    bars.push(bar);
    bar.lane = lane;
    lasts[lane] = bar;
  }
  return bars;
}

function barOf(event, pixelOf, area) {
  const [start, stop] = [pixelOf(event.start), event.end === null ? area.right : pixelOf(event.end)];
  const left = Math.max(area.left, Math.min(start, area.right - LEAST_PX));
  const right = Math.min(area.right, Math.max(stop, left + LEAST_PX));
  const span = {
    left: Math.max(area.left, start),
    right: Math.min(area.right, Math.max(stop, start + 1)),
    isOpen: event.end === null,
  };
  return {
    events: [event],
    spans: [span],
    left,
    right,
    isOpen: span.isOpen,
    begins: start >= area.left,
    ends: stop < area.right,
  };
}

/** The bar's lane; null if it has become a part of one that is there. */
function laneFor(bar, lasts) {
  const free = lasts.findIndex(({ right }) => right + GAP_PX <= bar.left);
  if (free >= 0) return free;
  const [{ start }] = bar.events;
  const near = lasts.find(({ events }) => events.every(({ end }) => end !== null && end <= start)); // apart in time, not in pixels
  if (!near && lasts.length < MOST_LANES) return lasts.length;
  join(near ?? lasts.at(-1), bar);
  return null;
}

function join(into, bar) {
  into.events.push(...bar.events);
  into.spans.push(...bar.spans);
  into.right = Math.max(into.right, bar.right);
  into.isOpen ||= bar.isOpen;
}

/** The stretches that any of the spans covers, without overlap: nothing is shaded twice. */
export function stretchesOf(spans) {
  const stretches = [];
  for (const { left, right } of [...spans].sort((one, other) => one.left - other.left)) {
    const last = stretches.at(-1);
    if (last && left <= last.right) last.right = Math.max(last.right, right);
    else stretches.push({ left, right });
  }
  return stretches;
}
