// Numbers as text. monitoring/kernel/number_format.py has the same rule, with the cases in tests/js/cases/numbers.json.

/**
 * How the values of a tag are written: `decimals` always, up to `mostDecimals` if a value has them. With null, the
 * number of decimals is set by a person, and fixed.
 * @typedef {{decimals: number, mostDecimals: number | null}} NumberFormat
 */

const SIGNIFICANT = 4; // digits of a number with an exponent
const MOST_DIGITS = 6; // of a number without an exponent, before the decimal point, or after it
const EXPONENT_FROM = 10 ** MOST_DIGITS;
const LARGEST_ERROR = 0.02; // of rounding, as a share of the value
/** @type {NumberFormat} of limits, and of other numbers that people type in */
export const AS_TYPED = { decimals: 0, mostDecimals: 10 };

/**
 * Return the value with a separator of thousands and without a minus before zero. A value that would lose too much by
 * rounding gets more decimals; one beyond six digits has an exponent.
 * @param {number} value
 * @param {NumberFormat} format
 */
export function numberText(value, format) {
  if (Math.abs(value) >= EXPONENT_FROM) return exponentText(value, format);
  const decimals = format.mostDecimals === null ? format.decimals : decimalsOf(value, format);
  if (decimals === null) return exponentText(value, format);
  const text = fixedText(value, decimals);
  return text.split(".")[0].replace(/[-,]/g, "").length > MOST_DIGITS ? exponentText(value, format) : text;
}

/**
 * Return the format of computed values, such as means, which have digits that no sensor has sent.
 * @param {NumberFormat} format
 * @returns {NumberFormat}
 */
export const uniform = ({ decimals, mostDecimals }) => ({
  decimals,
  mostDecimals: mostDecimals === null ? null : decimals,
});

/**
 * Return the number without trailing zeros, so that a limit reads as typed; "-" for null.
 * @param {number | null} value
 * @param {NumberFormat} format
 */
export const trimmedText = (value, format) => (value === null ? "-" : trimmed(numberText(value, format)));

/**
 * Return the number of decimals of a value below a million; null if it needs an exponent.
 * @param {number} value
 * @param {NumberFormat} format
 */
function decimalsOf(value, { decimals: least, mostDecimals }) {
  const size = Math.abs(value);
  const room = size >= 1 ? MOST_DIGITS - String(Math.trunc(size)).length : MOST_DIGITS;
  const most = Math.min(mostDecimals ?? 0, room);
  let decimals = Math.min(least, room);
  const finest = Number(value.toFixed(Math.max(decimals, most)));
  while (decimals < most && Number(value.toFixed(decimals)) !== finest) decimals++;
  while (Math.abs(Number(value.toFixed(decimals)) - value) > LARGEST_ERROR * size) {
    if (decimals >= room) return null;
    decimals++;
  }
  return decimals;
}

/**
 * Return the value with decimals and a separator of thousands.
 * @param {number} value below 1e21
 * @param {number} decimals
 */
export function fixedText(value, decimals) {
  const [whole, fraction] = value.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const text = fraction ? `${grouped}.${fraction}` : grouped;
  return /[1-9]/.test(text) ? text : text.replace("-", "");
}

/**
 * Return the value with an exponent, such as 2.3e9 or -3e-7: with up to four digits, or six if a person chose the format.
 * @param {number} value
 * @param {NumberFormat} format
 */
function exponentText(value, { mostDecimals }) {
  if (!Number.isFinite(value)) return String(value);
  const digits = mostDecimals === null || mostDecimals > MOST_DIGITS ? MOST_DIGITS : SIGNIFICANT;
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${trimmed(mantissa)}e${Number(exponent)}`;
}

/**
 * Return the number without zeros at the end of the decimals; one with an exponent has none.
 * @param {string} text
 */
const trimmed = (text) => (text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text);
