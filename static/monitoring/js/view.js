// What the viewer chose: tag, window and zoom. Tag and window stand in the address, so a link shows the same.
import { settings } from "./settings.js";

const SHORTEST_MS = 5000;
const listeners = [];

export const view = { tag: settings.chosen.tag, window: settings.chosen.window, zoom: null };

export const windowMs = () => settings.windows[view.window].ms;
export const windowLabel = () => settings.windows[view.window].label;
export const onViewChange = (listener) => listeners.push(listener);

export function choose({ tag = view.tag, window = view.window }) {
  // Another window is another look at now: a zoom into the old one would hide it.
  if (window !== view.window) view.zoom = null;
  Object.assign(view, { tag, window });
  const address = new URL(location.href);
  keep(address, "tag", tag, "");
  keep(address, "window", window, settings.defaultWindow);
  history.replaceState(null, "", address);
  changed();
}

function keep(address, name, value, byDefault) {
  if (value === byDefault) address.searchParams.delete(name);
  else address.searchParams.set(name, value);
}

/** The times to show, given the newest that there can be. */
export const rangeShown = (end) => view.zoom ?? { from: end - windowMs(), to: end };

/** Holds the charts at a range; one that is all of the window goes on moving. */
export function zoomTo(from, to, end) {
  const first = end - windowMs();
  const length = Math.max(SHORTEST_MS, to - from);
  const start = Math.max(first, Math.min(from, end - length));
  const whole = start <= first && start + length >= end;
  view.zoom = whole ? null : { from: start, to: Math.min(start + length, end) };
  changed();
}

/** The range stretched about its middle, or moved by parts of its length. */
export function adjustZoom({ stretch = 1, move = 0 }, end) {
  const { from, to } = rangeShown(end);
  const middle = (from + to) / 2 + move * (to - from);
  const half = ((to - from) * stretch) / 2;
  zoomTo(middle - half, middle + half, end);
}

export function resetZoom() {
  view.zoom = null;
  changed();
}

function changed() {
  for (const listener of listeners) listener();
}
