// The address bar holds the view: a link shows the same view, and Back returns to the view before.
import { isElsewhere } from "./tag-page.js";
import { settings } from "../base/settings.js";
import { onViewChange, restore, view } from "./view-state.js";

/** @typedef {import("./view-state.js").ViewState} ViewState */

const PAUSE_MS = 500; // browsers reject more than a few changes of the address per second
/** @type {number | undefined} */
let timer;

/** Keep the address equal to the view, and the view equal to the browser's history. */
export function wireAddress() {
  let written = snapshot();
  history.replaceState(written, "");
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    history.replaceState(written, "", addressOf(written));
  };
  onViewChange((isChoice) => {
    if (isChoice === null) return;
    if (isElsewhere()) return location.assign(addressOf(view)); // another page has the tags; Back returns to this one
    // The result of a movement belongs to the history entry in which the movement began, not to the next.
    if (isChoice && timer) write();
    written = snapshot();
    if (isChoice) history.pushState(written, "", addressOf(written));
    else timer ??= setTimeout(write, PAUSE_MS);
  });
  window.addEventListener("popstate", ({ state }) => {
    clearTimeout(timer);
    timer = undefined;
    if (!state) return; // a jump within the page
    written = state;
    restore(state);
  });
}

/** @returns {ViewState} */
const snapshot = () => ({ ...view, past: view.past && { ...view.past } });

/**
 * Return the address of a view, without defaults, which are those of the saved view if the page shows one; times are UTC.
 * @param {ViewState} view
 */
export function addressOf({ tag, search, page, past, anomaly, event, ...view }) {
  const { saved, defaultPreset } = settings;
  const parameters = new URLSearchParams();
  if (saved) parameters.set("view", saved.slug);
  if (tag) parameters.set("tag", tag);
  /** @type {(name: string, text: string, usual?: string) => void} */
  const set = (name, text, usual = "") => text !== usual && parameters.set(name, text);
  set("group", view.group, saved?.group);
  set("charts", view.charts.join(","), saved?.charts.join(","));
  set("show", view.show, saved?.show);
  if (search) parameters.set("search", search);
  if (page > 1) parameters.set("page", String(page));
  set("range", view.preset, saved?.range || defaultPreset);
  if (past) {
    parameters.set("from", isoText(past.from));
    parameters.set("to", isoText(past.to));
  }
  if (anomaly !== null) parameters.set("anomaly", String(anomaly));
  if (event !== null) parameters.set("event", String(event));
  set("compare", view.compare.join(","), saved?.compare.join(","));
  const query = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return location.pathname + (query && `?${query}`);
}

/** @param {number} ms */
const isoText = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
