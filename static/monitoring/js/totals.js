// The panel of totals.
import { partsOf, setText } from "./dom.js";
import { whole } from "./words.js";

const parts = partsOf(document.getElementById("totals"));

export function showTotals(stats) {
  setText(parts.measurements, whole.format(stats.total_measurements));
  setText(parts.anomalies, whole.format(stats.total_anomalies));
  setText(parts.rate, `${stats.anomaly_rate.toFixed(2)} %`);
}
