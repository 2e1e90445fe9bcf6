// Values and reasons in words; the words themselves come from the server, which uses them too.
import { settings } from "./settings.js";

export const words = settings.words;

export const valueText = (tag, value) => value.toFixed(tag.decimals);

export const withUnit = (tag, text) => (tag.unit ? `${text} ${tag.unit}` : text);

function short(number, decimals) {
  return number === null ? "-" : String(Number(number.toFixed(decimals)));
}

/** Each finding in words; a rule without words of its own goes by its name. */
export function reasonTexts(tag, findings) {
  return findings.map(({ reason, lower, upper }) =>
    (words.reasons[reason] ?? reason.replaceAll("_", " "))
      .replace("{lower}", () => short(lower, tag.decimals))
      .replace("{upper}", () => short(upper, tag.decimals)),
  );
}
