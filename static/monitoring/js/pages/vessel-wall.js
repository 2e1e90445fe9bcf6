// The wall of vessels, and the page of one: what the server makes anew replaces what has changed.
import { follow } from "../app/live-parts.js";
import { wireUtcFields } from "../batches/utc-fields.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

localiseTimes();
wireUtcFields();
const zone = document.getElementById("zone");
if (zone) setText(zone, zoneText());
for (const part of document.querySelectorAll("[data-live]")) {
  follow(/** @type {HTMLElement} */ (part), document.querySelector("[data-lost]"));
}
