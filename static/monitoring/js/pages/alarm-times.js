// Times of a page about alarms, in the viewer's time zone.
import { localiseTimes, zoneText } from "../base/times.js";

localiseTimes();
document.getElementById("zone").textContent = zoneText();
