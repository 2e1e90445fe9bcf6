// One alarm: what is done about it, and the time that is left. It is renewed when the alarm changes.
import { ask, send } from "../app/alarm-acts.js";
import { elementNow, subjectOf } from "../app/alarm-page.js";
import { keepDurations, showDurations } from "../app/lasting.js";
import { setText } from "../base/dom.js";
import { filled } from "../base/pattern.js";
import { serverNow } from "../base/clock.js";
import { durationText, localiseTimes, zoneText } from "../base/times.js";
import { alarmSettings, onAlarms, presentAlarms } from "../live/alarms.js";

const SHELVING = ["shelve", "unshelve"];
const detail = document.getElementById("alarm-detail");
/** @type {number | null | undefined} */
let revision = null; // the page may be older than the bar: it is read once

/** Show what this visitor may do. */
function offer() {
  for (const button of detail.querySelectorAll("#alarm-do button")) {
    const isShelf = SHELVING.includes(button.dataset.act ?? "");
    button.hidden = !(isShelf ? alarmSettings?.mayShelve : alarmSettings?.mayAcknowledge);
  }
  for (const node of detail.querySelectorAll("#alarm-do, .rate")) {
    if (alarmSettings?.mayAcknowledge || node.id) node.removeAttribute("data-idle");
  }
  localiseTimes(detail);
  showDurations(detail);
  setText(document.getElementById("zone"), zoneText());
  showLeft();
}

function showLeft() {
  const node = detail.querySelector(".left");
  if (!node || !alarmSettings) return;
  const ms = Date.parse(node.dataset.until ?? "") - serverNow();
  const text = durationText(Math.abs(ms));
  setText(node, filled(alarmSettings.words[ms < 0 ? "ranOut" : "left"], [text]));
}

/** Show the alarm as the server has it now, and keep the focus where it is; return whether that was possible. */
async function renew() {
  if (document.querySelector("dialog[open]")) return false;
  const page = await elementNow("alarm-detail");
  if (!page?.element || document.querySelector("dialog[open]")) return false;
  const focusable = () => [...detail.querySelectorAll("a[href], button")];
  const focused = focusable().indexOf(/** @type {HTMLElement} */ (document.activeElement));
  detail.replaceChildren(...[...page.element.children].map((node) => document.adoptNode(node)));
  Object.assign(detail.dataset, page.element.dataset);
  offer();
  if (focused >= 0) focusable()[focused]?.focus();
  return true;
}

async function follow() {
  const newest = presentAlarms()?.revision;
  if (newest === revision || document.querySelector("dialog[open]")) return;
  if (await renew()) revision = newest;
}

detail.addEventListener("click", async (event) => {
  const { act, rating } = /** @type {HTMLElement} */ (event.target).dataset;
  const subject = subjectOf(detail);
  if (act) {
    const name = /** @type {import("../app/alarm-acts.js").ActName} */ (act);
    if (await ask(name, subject)) await renew();
  }
  if (rating) {
    const row = /** @type {HTMLElement} */ (event.target).closest("tr");
    const { isDone, text } = await send(`${subject.id}/rate`, { occurrence: Number(row?.dataset.occurrence), rating });
    if (!isDone) setText(document.getElementById("alarm-said"), text);
    await renew();
  }
});
offer();
setInterval(showLeft, 1000);
document.addEventListener("visibilitychange", showLeft);
keepDurations(detail);
onAlarms(follow);
