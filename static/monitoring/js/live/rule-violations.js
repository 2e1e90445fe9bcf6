// The rule violations of anomalies, by the ids of the measurements. /data has only the flags; the reasons follow.
import { settings } from "../base/settings.js";
import { reasonTexts } from "../base/words.js";

/**
 * @typedef {import("../base/settings.js").RuleViolation} RuleViolation
 * @typedef {import("../base/settings.js").Tag} Tag
 */

const MOST = 20000;
/** @type {Map<number, RuleViolation[]>} by id, the one stored longest ago first */
const known = new Map();

/**
 * Store the rule violations of anomalies.
 * @param {{id: number, findings: RuleViolation[]}[]} anomalies
 */
export function storeViolations(anomalies) {
  for (const { id, findings } of anomalies) known.set(id, findings);
  for (const id of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(id);
  }
}

/**
 * Return the rule violations of a measurement; empty if none are known.
 * @param {number} id
 */
export const violationsOf = (id) => known.get(id) ?? [];

/** @type {(tag: Tag, id: number) => string[]} */
export const reasonsOf = (tag, id) => reasonTexts(tag, violationsOf(id));

storeViolations(settings.violations);
