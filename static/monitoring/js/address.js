// The address bar carries the view: a link shows the same, and Back leads to what was shown before.
import { settings } from "./settings.js";
import { onViewChange, restore, view } from "./view.js";

const PAUSE_MS = 500; // browsers refuse to change the address more often than some times a second
let timer = null;

/** Keeps the address as the view is, and the view as the browser's history says. */
export function wireAddress() {
  let written = snapshot();
  history.replaceState(written, "");
  const write = () => {
    clearTimeout(timer);
    timer = null;
    history.replaceState(written, "", addressOf(written));
  };
  onViewChange((isChoice) => {
    if (isChoice === null) return;
    // What a movement has come to belongs to the entry that it began in, not to the next.
    if (isChoice && timer) write();
    written = snapshot();
    if (isChoice) history.pushState(written, "", addressOf(written));
    else timer ??= setTimeout(write, PAUSE_MS);
  });
  window.addEventListener("popstate", ({ state }) => {
    clearTimeout(timer);
    timer = null;
    if (!state) return; // a jump within the page
    written = state;
    restore(state);
  });
}

const snapshot = () => ({ tag: view.tag, preset: view.preset, past: view.past && { ...view.past } });

/** The address of a view: defaults are left out, times are UTC. */
export function addressOf({ tag, preset, past }) {
  const parameters = new URLSearchParams();
  if (tag) parameters.set("tag", tag);
  if (preset !== settings.defaultPreset) parameters.set("range", preset);
  if (past) {
    parameters.set("from", isoText(past.from));
    parameters.set("to", isoText(past.to));
  }
  const query = parameters.toString().replaceAll("%3A", ":");
  return location.pathname + (query && `?${query}`);
}

const isoText = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
