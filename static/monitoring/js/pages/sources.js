// The pages of sources: status, jobs and previews are kept up to date.
import { sendTo } from "../app/alarm-acts.js";
import { follow } from "../app/live-parts.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

localiseTimes();
const zone = document.getElementById("zone");
if (zone) setText(zone, zoneText());
const said = document.getElementById("listen-said");
const button = document.getElementById("listen");
button?.addEventListener("click", async () => {
  button.disabled = true;
  const { isDone, text } = await sendTo(button.dataset.url ?? "", {});
  if (said) setText(said, isDone ? "What arrives is shown above as it comes." : text);
  button.disabled = false;
});
for (const part of document.querySelectorAll("[data-live]")) {
  follow(/** @type {HTMLElement} */ (part), document.querySelector("[data-lost]"));
}
