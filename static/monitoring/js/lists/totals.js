// The panel of totals.
import { partsOf, setText } from "../base/dom.js";
import { whole } from "../base/words.js";

const parts = partsOf(document.getElementById("totals"));

/** Shows how many measurements and anomalies there are, and the anomalies in percent of the measurements. */
export function showTotals({ measurements, anomalies }) {
  setText(parts.measurements, whole.format(measurements));
  setText(parts.anomalies, whole.format(anomalies));
  setText(parts.rate, `${(measurements ? (100 * anomalies) / measurements : 0).toFixed(2)} %`);
}
