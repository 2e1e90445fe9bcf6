// Values and reasons as text. The words come from the server, which uses them as well.
import { stateName } from "./kinds.js";
import { AS_TYPED, numberText, trimmedText, uniform } from "./numbers.js";
import { filled } from "./pattern.js";
import { settings } from "./settings.js";
import { rangeText } from "./times.js";

/**
 * @typedef {import("./settings.js").Tag} Tag
 * @typedef {import("./settings.js").RuleViolation} RuleViolation
 * @typedef {import("../charts/raw-layer.js").ValueAt} ValueAt
 */

export const words = settings.words;

/**
 * Return a value as text: a named state by its name.
 * @type {(tag: Tag, value: number) => string}
 */
export const valueText = (tag, value) => stateName(tag, value) || numberText(value, tag);

/**
 * Return a value as text, a named state with its number: feed (1).
 * @type {(tag: Tag, value: number) => string}
 */
export const detailText = (tag, value) => {
  const name = stateName(tag, value);
  return name ? `${name} (${value})` : numberText(value, tag);
};

/** @type {(tag: Tag, mean: number) => string} */
export const meanText = (tag, mean) => numberText(mean, uniform(tag));

/** @type {(tag: Tag, text: string) => string} */
export const withUnit = (tag, text) => (tag.unit ? `${text} ${tag.unit}` : text);

/**
 * Return a sentence for each rule violation; a rule without a sentence is shown by its name.
 * @param {Tag} tag
 * @param {RuleViolation[]} violations
 */
export function reasonTexts(tag, violations) {
  const band = uniform(tag);
  return violations.map(({ reason, lower, upper }) =>
    filled(sentenceOf(reason, isConstant({ lower, upper })), {
      lower: trimmedText(lower, band),
      upper: trimmedText(upper, band),
    }),
  );
}

/** @type {(side: "above" | "below", limit: number) => string} */
export const limitText = (side, limit) => filled(words.limits[side], [trimmedText(limit, AS_TYPED)]);

/**
 * Return whether the band is a single value: the measurements before were constant.
 * @param {{lower: number | null, upper: number | null}} band
 */
export const isConstant = ({ lower, upper }) => lower !== null && lower === upper;

/** @type {(reason: string, constant: boolean) => string} */
function sentenceOf(reason, constant) {
  const sentence = words.reasons[reason] ?? reason.replaceAll("_", " ");
  return constant ? (words.reasons[`${reason}_constant`] ?? sentence) : sentence;
}

/** The format of counts, with a separator of thousands. */
export const whole = new Intl.NumberFormat("en");

/** @param {number} count */
export const anomaliesText = (count) => (count === 1 ? "1 anomaly" : `${whole.format(count)} anomalies`);

/**
 * Return the lowest and the highest value, or one value if both have the same text.
 * @param {Tag} tag
 * @param {number} low
 * @param {number} high
 */
export function spreadText(tag, low, high) {
  const [from, to] = [valueText(tag, low), valueText(tag, high)];
  return from === to ? from : `${from} to ${to}`;
}

/**
 * Return the number, extremes and times of an interval's anomalies.
 * @param {Tag} tag
 * @param {{anomalies: number, low: number, high: number, start: number, end: number}} mark
 */
export function markText(tag, mark) {
  return `${anomaliesText(mark.anomalies)}, ${withUnit(tag, spreadText(tag, mark.low, mark.high))}, ${rangeText({ from: mark.start, to: mark.end })}`;
}

/**
 * Return the text of a layer's value at a moment: a measurement, or the mean of an interval with its extremes.
 * @param {Tag} tag
 * @param {ValueAt | null} found null if nothing was measured
 */
export function momentValueText(tag, found) {
  if (!found) return "nothing measured";
  const { value, low, high } = found;
  if (low === undefined || high === undefined || low === high) return withUnit(tag, valueText(tag, value));
  if (tag.kind === "discrete") return withUnit(tag, spreadText(tag, low, high)); // a mean of states says nothing
  return `${withUnit(tag, meanText(tag, value))} (${spreadText(tag, low, high)})`;
}
