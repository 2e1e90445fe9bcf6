// The contributions of channels to the score of a minute, as bars with words.
import { announceNow } from "../base/announcer.js";
import { descendant, partsOf, setAttribute, setText } from "../base/dom.js";
import { fixedText } from "../base/numbers.js";
import { momentText } from "../base/times.js";
import { elapsedText } from "../charts/elapsed-tooltip.js";

/**
 * `value`, `usual`: of the batch and of golden ones; null where the server does not know.
 * @typedef {{channel: string, title: string, unit: string, tag: string | null, family: string, ratio: number,
 *   statistic: number | null, value?: number | null, usual?: number | null}} Contribution
 *
 * @typedef {{at: string, eft_h: number | null, score: number | null, sentence: string,
 *   contributions: Contribution[]}} ContributionsAnswer
 *
 * The same, or why there are none.
 * @typedef {Partial<ContributionsAnswer> & {error?: string}} Answer
 *
 * Title of each family, and its texts for a positive and for a negative statistic.
 * @typedef {Record<string, [string, string, string]>} FamilyTexts
 */

const HOUR_MS = 3600000;
const MOST = 8;
const LEAST_SCALE = 2; // ratio at the right end of the bars
const MOST_DECIMALS = 3;

/**
 * Return the bars of a common scale, the largest first: lengths and the place of the limit in percent.
 * @param {Contribution[]} contributions
 * @param {FamilyTexts} families
 */
export function barsOf(contributions, families) {
  const shown = contributions.slice(0, MOST);
  const scale = Math.max(LEAST_SCALE, ...shown.map(({ ratio }) => ratio));
  return shown.map((each) => ({
    title: each.title || each.channel,
    ratio: each.ratio.toFixed(1),
    isAbove: each.ratio > 1,
    bar: `${((100 * each.ratio) / scale).toFixed(1)}%`,
    limit: `${(100 / scale).toFixed(1)}%`,
    text: [familyText(each, families), valueText(each)].filter(Boolean).join(": "),
  }));
}

/** @type {(of: Contribution, families: FamilyTexts) => string} */
const familyText = ({ family, statistic }, families) => families[family]?.[(statistic ?? 0) < 0 ? 2 : 1] ?? "";

/** @param {Contribution} contribution */
function valueText({ value = null, usual = null, unit }) {
  if (value === null) return "";
  const decimals = usual === null ? 1 : decimalsApart(value - usual);
  const text = (/** @type {number} */ number) => `${fixedText(number, decimals)} ${unit}`.trimEnd();
  return usual === null ? text(value) : `${text(value)}, usually ${text(usual)}`;
}

/**
 * Return the decimals that show a difference in two digits, as far as there is room.
 * @param {number} difference
 */
function decimalsApart(difference) {
  const found = [0, 1, 2].find((decimals) => Math.abs(difference) >= 10 ** (1 - decimals));
  return found ?? MOST_DECIMALS;
}

/**
 * Show the contributions of a minute on the page.
 * @param {Answer} answer
 * @param {{at: string, zeroMs: number, families: FamilyTexts}} of `at`: the minute in ISO 8601
 */
export function showContributions({ sentence, error = "", score, contributions = [] }, { at, zeroMs, families }) {
  const ms = Date.parse(at);
  const text = sentence ?? error;
  const about = `${elapsedText((ms - zeroMs) / HOUR_MS, {})}, ${momentText(ms)}`;
  const scored = typeof score === "number" ? `: score ${score.toFixed(2)}` : "";
  setText(document.getElementById("contributions-about"), about + scored);
  setText(document.getElementById("contributions-text"), text);
  showBars(document.getElementById("contribution-rows"), barsOf(contributions, families));
  announceNow(text);
}

/**
 * Show bars in a list, made of the page's template.
 * @param {HTMLElement} list
 * @param {ReturnType<typeof barsOf>} bars
 */
function showBars(list, bars) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("contribution-template"));
  list.replaceChildren(
    ...bars.map(({ title, ratio, isAbove, bar, limit, text }) => {
      const item = descendant(/** @type {any} */ (template.content.cloneNode(true)), "li");
      const parts = partsOf(item);
      item.toggleAttribute("data-above", isAbove);
      for (const [name, told] of Object.entries({ title, ratio, text })) setText(parts[name], told);
      setAttribute(parts.bar, "width", bar);
      for (const end of ["x1", "x2"]) setAttribute(parts.limit, end, limit);
      return item;
    }),
  );
}
