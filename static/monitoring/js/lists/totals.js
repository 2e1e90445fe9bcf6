// The panel of totals.
import { partsOf, setText } from "../base/dom.js";
import { whole } from "../base/words.js";

const parts = partsOf(document.getElementById("totals"));

/**
 * Show the numbers of measurements and anomalies, and the anomalies in percent of the measurements.
 * @param {import("../base/settings.js").Totals} totals
 */
export function showTotals({ measurements, anomalies }) {
  setText(parts.measurements, whole.format(measurements));
  setText(parts.anomalies, whole.format(anomalies));
  setText(parts.rate, `${(measurements ? (100 * anomalies) / measurements : 0).toFixed(2)} %`);
}
