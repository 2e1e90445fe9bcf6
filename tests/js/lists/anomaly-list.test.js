import assert from "node:assert/strict";
import { test } from "node:test";
import { settings } from "../../../static/monitoring/js/base/settings.js";

const made = document.getElementById("settings");
const announcer = { textContent: "" };
document.getElementById = (id) => ({ settings: made, announcer })[id] ?? { children: [] };
document.querySelector = () => null;
settings.totals = { measurements: 7, anomalies: 0, newestId: 7 };
const { showAnomalies } = await import("../../../static/monitoring/js/lists/anomaly-list.js");

const anomaly = (id) => ({
  ...{ id, tag: "fermenter_temp", timestamp: "2026-01-31T11:00:00Z", value: 46 + id / 10, is_anomaly: true },
  findings: [{ reason: "above_limit", lower: null, upper: 40 }],
});

test("anomalies that are newer than the page are announced, also those of the first answer, each once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  showAnomalies([anomaly(8), anomaly(7)]);
  t.mock.timers.tick(1);
  assert.equal(announcer.textContent, "Anomaly: fermenter_temp 46.80 °C, above the limit 40; and 1 more");
  showAnomalies([anomaly(11), anomaly(10), anomaly(9), anomaly(8)]);
  t.mock.timers.tick(10000);
  assert.equal(announcer.textContent, "Anomaly: fermenter_temp 47.10 °C, above the limit 40; and 2 more");
});
