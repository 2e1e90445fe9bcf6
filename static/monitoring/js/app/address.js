// The address bar carries the view: a link shows the same, and Back leads to what was shown before.
import { isElsewhere } from "./part.js";
import { settings } from "../base/settings.js";
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
    if (isElsewhere()) return location.assign(addressOf(view)); // the server has the tags; Back leads to this page
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

const snapshot = () => ({ ...view, past: view.past && { ...view.past } });

/** The address of a view: defaults are left out, times are UTC. */
export function addressOf({ tag, group, search, page, preset, past, compare, anomaly, event }) {
  const parameters = new URLSearchParams();
  if (tag) parameters.set("tag", tag);
  if (group) parameters.set("group", group);
  if (search) parameters.set("search", search);
  if (page > 1) parameters.set("page", page);
  if (preset !== settings.defaultPreset) parameters.set("range", preset);
  if (past) {
    parameters.set("from", isoText(past.from));
    parameters.set("to", isoText(past.to));
  }
  if (anomaly !== null) parameters.set("anomaly", anomaly);
  if (event !== null) parameters.set("event", event);
  if (compare.length) parameters.set("compare", compare.join(","));
  const query = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return location.pathname + (query && `?${query}`);
}

const isoText = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
