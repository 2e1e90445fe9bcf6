// The table of statistics of the time shown, a row per tag.
import { setName, setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";
import { settings, tagOf } from "../base/settings.js";
import { durationText, momentText } from "../base/times.js";
import { meanText, valueText, whole, withUnit } from "../base/words.js";

/**
 * Statistics of a tag as /statistics sends them; times are ISO 8601. With `resolution_s`, some are estimates.
 * @typedef {{tag: string, count: number, anomalies: number, mean: number | null, sd: number | null, min: number | null,
 *   min_at: string | null, max: number | null, max_at: string | null, outside_percent: number | null,
 *   gaps: {count: number, total_s: number, longest_s: number, longer_than_s: number}, resolution_s: number | null}}
 *   Statistics
 *
 * @typedef {import("../base/settings.js").Tag} Tag
 *
 * The text of a cell, and a smaller one after it.
 * @typedef {{text: string, detail?: string}} Cell
 */

const NOTHING = "–";
const CELLS = 8;
const LEAST_PERCENT = 0.01;
const TIMEOUT_MS = 20000;
const STALE_S = 10;
const body = /** @type {HTMLTableSectionElement} */ (document.getElementById("statistics")?.tBodies[0]);
const note = document.getElementById("statistics-note");
let asked = 0;

/**
 * Read the statistics of tags over a range, and show them.
 * @param {string[]} tags
 * @param {{from: string, to: string}} range ISO 8601
 */
export async function showStatistics(tags, range) {
  asked += 1;
  const own = asked;
  const some = tags.slice(0, settings.mostStatistics);
  if (names().join("\n") !== some.join("\n")) body.replaceChildren(...some.map((tag) => rowOf(tag, empty())));
  if (!some.length) return setText(note, "No tag is shown.");
  try {
    const options = { timeoutMs: TIMEOUT_MS, staleS: STALE_S };
    const answer = await get(settings.urls.statistics, { parameters: { tag: some, ...range }, ...options });
    if (own === asked) fill(answer.body, tags.length);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    if (own === asked) setText(note, "Not read: the server does not answer. The next attempt follows.");
  }
}

const names = () => [...body.rows].map(({ cells }) => cells[0].dataset.tag ?? "");
/** @returns {Cell[]} */
const empty = () => Array.from({ length: CELLS }, () => ({ text: NOTHING }));

/**
 * @param {Statistics[]} found
 * @param {number} shown number of tags on screen
 */
function fill(found, shown) {
  body.replaceChildren(...found.map((each) => rowOf(each.tag, cellsOf(each))));
  setText(note, noteText(found, shown));
}

/**
 * Return what the numbers mean.
 * @param {Statistics[]} found
 * @param {number} shown number of tags on screen
 */
export function noteText(found, shown) {
  const parts = [];
  if (found.length < shown) parts.push(`The first ${found.length} of ${shown} tags.`);
  if (found.some(({ resolution_s: length }) => length))
    parts.push("≈: an estimate from minutes or hours, as there are too many measurements to read each.");
  parts.push("Time out of limit and gaps count from the tag's first measurement up to now, by today's limits.");
  return parts.join(" ");
}

/**
 * Return the cells after the tag's name.
 * @param {Statistics} found
 * @returns {Cell[]}
 */
export function cellsOf({ tag: name, count, anomalies, mean, sd, min, min_at, max, max_at, ...rest }) {
  const { outside_percent: outside, gaps, resolution_s: resolution } = rest;
  const tag = tagOf(name);
  const isOfStates = tag.kind === "discrete";
  const about = resolution ? "≈ " : "";
  /** @type {(value: number | null, text?: (tag: Tag, value: number) => string) => string} */
  const value = (value, text = valueText) => (value === null ? NOTHING : withUnit(tag, text(tag, value)));
  /** @param {string | null} time */
  const at = (time) => (time ? momentText(Date.parse(time)) : "");
  return [
    { text: isOfStates ? NOTHING : value(mean, meanText) },
    { text: sd === null || isOfStates ? NOTHING : about + value(sd, meanText) },
    { text: value(min), detail: at(min_at) },
    { text: value(max), detail: at(max_at) },
    { text: outside === null ? NOTHING : (outside ? about : "") + percentText(outside) },
    { text: whole.format(count) },
    { text: whole.format(anomalies) },
    gaps.count
      ? { text: whole.format(gaps.count), detail: `${about}${durationText(gaps.total_s * 1000)} in all` }
      : { text: "none", detail: `longer than ${durationText(gaps.longer_than_s * 1000)}` },
  ];
}

/** @param {number} percent */
function percentText(percent) {
  if (percent > 0 && percent < LEAST_PERCENT) return `< ${LEAST_PERCENT} %`;
  return `${percent.toFixed(percent && percent < 1 ? 2 : 1)} %`;
}

/** @type {(tag: string, cells: Cell[]) => HTMLTableRowElement} */
function rowOf(tag, cells) {
  const row = document.createElement("tr");
  const head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  head.dataset.tag = tag;
  setName(head, tagOf(tag).shownName);
  for (const { text, detail } of cells) {
    const cell = row.insertCell();
    cell.textContent = text;
    if (!detail) continue;
    const small = cell.appendChild(document.createElement("span"));
    small.className = "detail";
    small.textContent = detail;
  }
  return row;
}
