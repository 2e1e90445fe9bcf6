// The alarm bar of every page: what waits for a person, with sound, and what is done about it.
import { acknowledge, ask, wireDialog } from "../app/alarm-acts.js";
import { sound, wireSound } from "../app/alarm-sound.js";
import { wireNotes } from "../app/note-dialog.js";
import { showInTab } from "../app/alarm-title.js";
import { descendant, partsOf, setAttribute, setIcon, setText } from "../base/dom.js";
import { alarmSettings, alarmsHeardAt, areAlarmsLost, followAlarms, onAlarms, presentAlarms } from "../live/alarms.js";

/** @typedef {import("../live/alarms.js").AlarmItem} AlarmItem */

const LOST_MS = 10000;
const SEEN_MS = 700; // a click in this time was meant for the alarm before
const SAID_MS = 5000; // one polite sentence in this time
const TICK_MS = 1000;
const STILL_KEY = "fermon-still";
const bar = document.getElementById("alarm-bar");
const newest = document.getElementById("alarm-newest");
const acts = document.getElementById("alarm-acts");
const said = document.getElementById("alarm-said");
const channels = document.getElementById("alarm-channels");
const still = document.getElementById("alarm-still");
const root = document.documentElement;
let saidAt = -Infinity;
/** @type {number | null} the newest occurrence that was said */
let heard = null;
/** @type {number | null} the occurrence that the buttons act on, and since when it is shown */
let shown = null;
let shownAt = -Infinity;

/**
 * Return the time as the viewer's clock would show it, with the date unless it is today.
 * @param {string} iso
 */
function timeText(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? at.toLocaleTimeString("en-GB") : at.toLocaleString("en-GB");
}

function show() {
  const present = presentAlarms();
  const isLost = areAlarmsLost(LOST_MS);
  bar.toggleAttribute("data-lost", isLost);
  if (!present) return;
  setText(descendant(channels, "[data-part=text]"), present.failing);
  channels.hidden = !present.failing;
  const unseen = present.unacknowledged;
  let [count, highest] = [0, /** @type {string | null} */ (null)];
  for (const node of bar.querySelectorAll(".alarm-count")) {
    const priority = node.dataset.priority ?? "";
    const found = unseen?.[priority] ?? 0;
    setAttribute(node, "data-unseen", String(found));
    setText(descendant(node, "b"), unseen ? String(found) : "–");
    count += found;
    if (found) highest ??= priority;
  }
  bar.toggleAttribute("data-some", count > 0);
  showNewest(present.newest, isLost, unseen !== null);
  showInTab(count, highest);
  const waiting = present.alarms.filter(({ acknowledged }) => !acknowledged);
  if (present.newest) waiting.push(present.newest); // one of the system or of a group is in no list of tags
  const rank = (/** @type {AlarmItem} */ { priority }) => alarmSettings?.priorities.indexOf(priority) ?? 0;
  sound(
    waiting.sort((one, other) => rank(one) - rank(other)),
    isLost,
  );
}

/**
 * @param {AlarmItem | null} alarm
 * @param {boolean} isLost
 * @param {boolean} isKnown
 */
function showNewest(alarm, isLost, isKnown) {
  const { link, time } = partsOf(newest);
  descendant(newest, ".icon").toggleAttribute("hidden", !alarm);
  descendant(newest, ".new").toggleAttribute("hidden", !alarm);
  newest.toggleAttribute("data-unseen", alarm !== null);
  acts.toggleAttribute("data-idle", !alarm);
  acts.inert = !alarm;
  if (alarm) {
    setAttribute(newest, "data-priority", alarm.priority);
    setIcon(newest, `priority-${alarm.priority}`);
  } else newest.removeAttribute("data-priority");
  setAttribute(link, "href", alarm ? `${alarmSettings?.list}/${alarm.id}` : (alarmSettings?.list ?? ""));
  const none = alarmSettings?.words[isKnown ? "none" : "unknown"] ?? "";
  const lost = `Not up to date: no answer since ${timeText(new Date(alarmsHeardAt()).toISOString())}.`;
  setText(link, isLost ? lost : alarm ? alarm.line : none);
  setText(time, alarm?.active_at && !isLost ? timeText(alarm.active_at) : "");
  if (alarm?.active_at) setAttribute(time, "datetime", alarm.active_at);
  else time.removeAttribute("datetime");
  if (alarm && alarm.occurrence !== heard) announce(alarm);
  if (bar.hasAttribute("data-followed") && (alarm?.occurrence ?? null) !== shown) shownAt = performance.now();
  shown = alarm?.occurrence ?? null;
}

/**
 * Tell screen readers of a new alarm: of a critical one at once, of others in one sentence every few seconds.
 * @param {AlarmItem} alarm
 */
function announce(alarm) {
  const text = `${alarm.priority} alarm: ${alarm.line}`;
  const isFirst = heard === null && saidAt === -Infinity && !bar.hasAttribute("data-followed");
  if (!isFirst && alarm.priority !== "critical" && performance.now() - saidAt < SAID_MS) return;
  heard = alarm.occurrence;
  if (isFirst) return; // it stands on the page
  saidAt = performance.now();
  setText(alarm.priority === "critical" ? document.getElementById("alarm-alert") : said, text);
}

/** @param {MouseEvent} event */
async function act(event) {
  const name = /** @type {HTMLElement} */ (event.target).dataset.act;
  const alarm = presentAlarms()?.newest;
  if (!alarm || !name) return;
  if (performance.now() - shownAt < SEEN_MS) {
    setText(said, "Another alarm has just come: look at it first.");
    return;
  }
  if (name === "shelve") {
    if (await ask("shelve", alarm)) setText(said, `Shelved: ${alarm.line}`);
    return;
  }
  const { isDone, text } = await acknowledge(alarm);
  setText(said, isDone ? `Acknowledged: ${alarm.line}` : text);
}

function wireStill() {
  try {
    root.toggleAttribute("data-still", localStorage.getItem(STILL_KEY) === "1");
  } catch {
    // The browser stores nothing for this page: symbols blink until the button is pressed.
  }
  const showPressed = () => {
    const isStill = root.hasAttribute("data-still");
    still.setAttribute("aria-pressed", String(isStill));
    setText(still, isStill ? "Let new alarms blink" : "Stop blinking");
  };
  showPressed();
  still.addEventListener("click", () => {
    const isStill = root.toggleAttribute("data-still");
    try {
      localStorage.setItem(STILL_KEY, isStill ? "1" : "0");
    } catch {
      // As above.
    }
    showPressed();
  });
}

if (bar && alarmSettings) {
  for (const button of acts.querySelectorAll("button")) {
    const isAllowed = button.dataset.act === "shelve" ? alarmSettings.mayShelve : alarmSettings.mayAcknowledge;
    button.hidden = !isAllowed;
  }
  acts.addEventListener("click", act);
  document.getElementById("alarm-options").removeAttribute("data-idle");
  wireDialog();
  wireNotes();
  wireSound();
  wireStill();
  show();
  bar.setAttribute("data-followed", "");
  onAlarms(show);
  setInterval(show, TICK_MS);
  followAlarms();
}
