// The list of alarms: it follows what happens, but nothing moves under the pointer or the focus. Keys: arrows, A, S, Enter.
import { ask, askForMany } from "../app/alarm-acts.js";
import { elementNow, subjectOf } from "../app/alarm-page.js";
import { keepDurations, showDurations } from "../app/lasting.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";
import { alarmSettings, onAlarms, presentAlarms } from "../live/alarms.js";

const LEFT_MS = 3000;
const rows = document.getElementById("alarm-rows");
const table = document.getElementById("alarm-table");
const found = document.getElementById("alarm-found");
const above = document.getElementById("alarm-above");
const visible = document.getElementById("alarm-visible");
const most = Number(visible.dataset.most);
/** @type {HTMLElement | null} the rows as the server makes them now, while the list is held */
let waiting = null;
/** @type {number | null | undefined} */
let revision = null; // the rows may be older than the bar: they are read once
let isReading = false;

const rowsOf = (/** @type {ParentNode} */ parent) => [...parent.querySelectorAll("tr[data-id]")];
const isHeld = () =>
  table.matches(":hover, :focus-within") || above.matches(":hover, :focus") || document.querySelector("dialog[open]");

/** Make the rows reachable: one of them by Tab, the others by the arrow keys. */
function makeReachable() {
  const all = rowsOf(rows);
  const current = all.find((row) => row.tabIndex === 0) ?? all[0];
  for (const row of all) row.tabIndex = row === current ? 0 : -1;
}

async function follow() {
  const newest = presentAlarms()?.revision;
  if (isReading || newest === revision) return;
  isReading = true;
  const page = await elementNow("alarm-rows");
  isReading = false;
  if (!page?.element) return;
  revision = newest;
  localiseTimes(page.element);
  showDurations(page.element);
  const count = page.page.querySelector("#alarm-found");
  if (count) setText(found, count.textContent ?? "");
  if (isHeld()) hold(page.element);
  else replace(page.element);
}

/** @param {HTMLElement} fresh */
function replace(fresh) {
  waiting = null;
  rows.replaceChildren(...[...fresh.children].map((row) => document.adoptNode(row)));
  makeReachable();
  showAbove(0);
}

/**
 * Renew the rows where they are; new ones wait.
 * @param {HTMLElement} fresh
 */
function hold(fresh) {
  waiting = fresh;
  const byId = new Map(rowsOf(fresh).map((row) => [row.dataset.id, row]));
  const known = new Set();
  for (const row of rowsOf(rows)) {
    known.add(row.dataset.id);
    const now = byId.get(row.dataset.id);
    row.toggleAttribute("data-gone", !now);
    if (now) renew(row, now);
  }
  showAbove([...byId.keys()].filter((id) => !known.has(id)).length);
}

/**
 * @param {HTMLElement} row
 * @param {HTMLElement} now
 */
function renew(row, now) {
  const hadFocus = row.contains(document.activeElement) && document.activeElement !== row;
  for (const name of ["data-unseen", "data-over"]) row.toggleAttribute(name, now.hasAttribute(name));
  for (const name of ["occurrence", "state", "priority"]) row.dataset[name] = now.dataset[name];
  row.replaceChildren(...[...now.cloneNode(true).childNodes]);
  if (hadFocus) row.querySelector("a")?.focus();
}

/** @param {number} count */
function showAbove(count) {
  setText(above, `${count} new above`);
  above.toggleAttribute("data-idle", count === 0);
  above.disabled = count === 0;
  showVisible();
}

/** Return the rows in view that nobody has acknowledged, at most as many as may be acknowledged at once. */
function seenRows() {
  const inView = rowsOf(rows).filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return row.hasAttribute("data-unseen") && bottom > 0 && top < innerHeight;
  });
  return inView.slice(0, most);
}

function showVisible() {
  const count = seenRows().length;
  visible.hidden = !alarmSettings?.mayAcknowledge || !rowsOf(rows).length;
  visible.disabled = count === 0;
  setText(visible, `Acknowledge the ${count} visible`);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const row = /** @type {HTMLElement} */ (event.target).closest("tr[data-id]");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = rowsOf(rows);
  const at = all.indexOf(row);
  /** @type {Record<string, () => void>} */
  const acts = {
    arrowdown: () => choose(all[Math.min(all.length - 1, at + 1)]),
    arrowup: () => choose(all[Math.max(0, at - 1)]),
    home: () => choose(all[0]),
    end: () => choose(all[all.length - 1]),
    enter: () => row.querySelector("a")?.click(),
    a: () => alarmSettings?.mayAcknowledge && row.hasAttribute("data-unseen") && act("acknowledge", row),
    s: () => alarmSettings?.mayShelve && act("shelve", row),
  };
  const key = event.key.toLowerCase();
  if (!acts[key] || (key === "enter" && event.target !== row)) return;
  event.preventDefault();
  acts[key]();
}

/** @param {HTMLElement} row */
function choose(row) {
  for (const other of rowsOf(rows)) other.tabIndex = other === row ? 0 : -1;
  row.focus();
}

/**
 * @param {"acknowledge" | "shelve"} name
 * @param {HTMLElement} row
 */
async function act(name, row) {
  await ask(name, subjectOf(row));
  if (row.isConnected) row.focus();
}

rows.addEventListener("keydown", onKey);
rows.addEventListener("focusin", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("tr[data-id]");
  if (row) for (const other of rowsOf(rows)) other.tabIndex = other === row ? 0 : -1;
});
above.addEventListener("click", () => {
  if (waiting) replace(waiting);
});
// Some time after the pointer has left, so that the button above is still there to be clicked.
const release = () => {
  setTimeout(() => {
    if (waiting && !isHeld()) replace(waiting);
  }, LEFT_MS);
};
table.addEventListener("pointerleave", release);
table.addEventListener("focusout", release);
above.addEventListener("pointerleave", release);
document.getElementById("alarm-dialog").addEventListener("close", release);
visible.addEventListener("click", () => {
  const seen = seenRows().map(subjectOf);
  if (seen.length) askForMany(seen);
});
addEventListener("scroll", showVisible, { passive: true });
localiseTimes();
setText(document.getElementById("zone"), zoneText());
keepDurations(rows);
makeReachable();
showVisible();
onAlarms(follow);
