// One alarm: what is done about it, and the time that is left. It is renewed when the alarm changes.
import { ask, send } from "../app/alarm-acts.js";
import { elementNow, subjectOf } from "../app/alarm-page.js";
import { setText } from "../base/dom.js";
import { serverNow } from "../base/clock.js";
import { durationText, localiseTimes, zoneText } from "../base/times.js";
import { alarmSettings, onAlarms, presentAlarms } from "../live/alarms.js";

const SHELVING = ["shelve", "unshelve"];
const detail = document.getElementById("alarm-detail");
let revision = presentAlarms()?.revision;

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
  setText(document.getElementById("zone"), zoneText());
  showLeft();
}

function showLeft() {
  const node = detail.querySelector(".left");
  if (!node) return;
  const ms = Date.parse(node.dataset.until ?? "") - serverNow();
  const text = durationText(Math.abs(ms));
  setText(node, ms < 0 ? `The time to respond ran out ${text} ago.` : `${text} left to respond.`);
}

async function renew() {
  if (document.querySelector("dialog[open]")) return;
  const page = await elementNow("alarm-detail");
  if (!page?.element) return;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.act;
  detail.replaceChildren(...[...page.element.children].map((node) => document.adoptNode(node)));
  Object.assign(detail.dataset, page.element.dataset);
  offer();
  if (focused) detail.querySelector(`[data-act="${focused}"]`)?.focus();
}

async function follow() {
  const newest = presentAlarms()?.revision;
  if (newest === revision || document.querySelector("dialog[open]")) return;
  revision = newest;
  await renew();
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
    await send(`${subject.id}/rate`, { occurrence: Number(row?.dataset.occurrence), rating });
    await renew();
  }
});
offer();
setInterval(showLeft, 1000);
onAlarms(follow);
