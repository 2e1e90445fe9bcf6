// Times of a page about alarms, in the viewer's time zone.
import { wireTimeFilters } from "../app/time-filters.js";
import { localiseTimes, zoneText } from "../base/times.js";

localiseTimes();
wireTimeFilters();
document.getElementById("zone").textContent = zoneText();
