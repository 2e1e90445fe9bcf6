// Values and reasons in words; the words themselves come from the server, which uses them too.
import { settings } from "./settings.js";
import { rangeText } from "./times.js";

export const words = settings.words;

export const valueText = (tag, value) => value.toFixed(tag.decimals);

export const withUnit = (tag, text) => (tag.unit ? `${text} ${tag.unit}` : text);

function short(number, decimals) {
  return number === null ? "-" : String(Number(number.toFixed(decimals)));
}

/** Each finding in words; a rule without words of its own goes by its name. */
export function reasonTexts(tag, findings) {
  return findings.map(({ reason, lower, upper }) =>
    sentenceOf(reason, isConstant({ lower, upper }))
      .replace("{lower}", () => short(lower, tag.decimals))
      .replace("{upper}", () => short(upper, tag.decimals)),
  );
}

/** Whether a finding's band is a single value: the readings before were constant. */
export const isConstant = ({ lower, upper }) => lower !== null && lower === upper;

function sentenceOf(reason, constant) {
  const sentence = words.reasons[reason] ?? reason.replaceAll("_", " ");
  return constant ? (words.reasons[`${reason}_constant`] ?? sentence) : sentence;
}

/** Counts with their thousands apart. */
export const whole = new Intl.NumberFormat("en");

export const anomaliesText = (count) => (count === 1 ? "1 anomaly" : `${whole.format(count)} anomalies`);

/** From lowest to highest, or the one value that both are. */
export function spreadText(tag, low, high) {
  const [from, to] = [valueText(tag, low), valueText(tag, high)];
  return from === to ? from : `${from} to ${to}`;
}

/** The anomalies of an interval: how many, between which values, and when. */
export function markText(tag, mark) {
  return `${anomaliesText(mark.anomalies)}, ${withUnit(tag, spreadText(tag, mark.low, mark.high))}, ${rangeText({ from: mark.start, to: mark.end })}`;
}

/** What a layer has at a moment: a measurement, or the mean of an interval with its extremes; null is nothing. */
export function momentValueText(tag, found) {
  if (!found) return "nothing measured";
  const { value, low, high } = found;
  const text = withUnit(tag, valueText(tag, value));
  return low === undefined || low === high ? text : `${text} (${spreadText(tag, low, high)})`;
}
