// Why measurements are anomalies, by their ids. /data has the flags only; the reasons follow.
import { reasonTexts } from "../base/words.js";

const MOST = 20000;
const known = new Map();

export function remember(anomalies) {
  for (const { id, findings } of anomalies) known.set(id, findings);
  for (const id of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(id); // the one learned longest ago
  }
}

/** As the server gave them: {reason, lower, upper} each. */
export const findingsOf = (id) => known.get(id) ?? [];

export const reasonsOf = (tag, id) => reasonTexts(tag, findingsOf(id));
