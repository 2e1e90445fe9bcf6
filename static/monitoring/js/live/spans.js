// Times without good values: spans of bad or uncertain quality, and gaps of sources. They are read again when the time that
// the charts show changes, and every ten seconds; in a plant without sources there are none.
import { get, RequestFailed } from "../base/request.js";
import { settings } from "../base/settings.js";
import { momentText, rangeText } from "../base/times.js";

/**
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 * @typedef {import("../base/settings.js").Tag} Tag
 *
 * An item of /quality.
 * @typedef {{tag: string, start: string, end: string | null, quality: "bad" | "uncertain", word: string}} QualityItem
 *
 * An item of /gaps; `tag` null: of all tags of the source.
 * @typedef {{tag: string | null, source: string, start: string, end: string | null, reason: string}} GapItem
 *
 * A span with its times in epoch milliseconds; `end` is null while it lasts. `text`: why; `tag` null: of all tags of
 * the `source`.
 * @typedef {{kind: "bad" | "uncertain" | "gap", tag: string | null, source: string, start: number, end: number | null,
 *   text: string}} Span
 */

const EVERY_MS = 10000;
const AFTER_CHANGE_MS = 400; // a movement is many changes
const MOST_READ = 1000; // of each kind; of more, the newest
export const WORDS = { bad: "Bad", uncertain: "Uncertain", gap: "Gap" };
export const SPAN_SIGN = "▨";
/** @type {Span[]} in order of their starts */
let known = [];

/**
 * Store the spans and gaps that the server sent. Return whether they differ from the known ones.
 * @param {QualityItem[]} quality
 * @param {GapItem[]} gaps
 */
export function storeSpans(quality, gaps) {
  const found = [...quality.map(spanOfQuality), ...gaps.map(spanOfGap)].sort((one, other) => one.start - other.start);
  const isNew = JSON.stringify(found) !== JSON.stringify(known);
  known = found;
  return isNew;
}

/**
 * @param {QualityItem} item
 * @returns {Span}
 */
export const spanOfQuality = ({ tag, start, end, quality, word }) => ({
  kind: quality,
  tag,
  source: "",
  start: Date.parse(start),
  end: end === null ? null : Date.parse(end),
  text: word,
});

/**
 * @param {GapItem} item
 * @returns {Span}
 */
export const spanOfGap = ({ tag, source, start, end, reason }) => ({
  kind: "gap",
  tag,
  source,
  start: Date.parse(start),
  end: end === null ? null : Date.parse(end),
  text: reason,
});

/**
 * Return the spans of a tag and the gaps of its sources that touch a range, in order of their starts.
 * @param {Pick<Tag, "name" | "sources">} tag
 * @param {TimeRange} range
 */
export const spansOf = ({ name, sources }, { from, to }) =>
  known.filter(
    (span) =>
      (span.tag === name || (span.tag === null && sources.includes(span.source))) &&
      span.start <= to &&
      (span.end ?? Infinity) >= from,
  );

/**
 * Return a span in words: the quality, the reason and the times.
 * @param {Span} span
 */
export function spanText({ kind, text, start, end }) {
  const times = end === null ? `since ${momentText(start)}` : rangeText({ from: start, to: end });
  return `${WORDS[kind]}${text ? `: ${text}` : ""}, ${times}`;
}

/**
 * Return the number of spans in words.
 * @param {number} count
 */
export const spansText = (count) => (count === 1 ? "1 time without good values" : `${count} times without good values`);

/**
 * Read the spans forever, if the plant can have any. Return a function that reads them soon; a read that is under way
 * then is outdated.
 * @param {() => TimeRange} range returns the time that the charts show
 * @param {() => void} onSpans
 * @returns {() => void}
 */
export function followSpans(range, onSpans) {
  /** @type {number | undefined} */
  let timer;
  let newest = 0;
  const soon = (waitMs = AFTER_CHANGE_MS) => {
    if (!settings.hasSources) return;
    newest += 1;
    clearTimeout(timer);
    timer = setTimeout(read, waitMs);
  };
  async function read() {
    const own = newest;
    const found = document.hidden ? null : await spansIn(range());
    if (own !== newest) return; // the next read is on its way or planned
    if (found && storeSpans(...found)) onSpans();
    soon(EVERY_MS);
  }
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  soon(0);
  return () => soon();
}

/**
 * Return the server's spans and gaps in a range; null if a request failed: the next attempt follows.
 * @param {TimeRange} range
 * @returns {Promise<[QualityItem[], GapItem[]] | null>}
 */
async function spansIn({ from, to }) {
  const [start, end] = [from, to].map((ms) => new Date(ms).toISOString());
  const parameters = { from: start, to: end, limit: MOST_READ };
  try {
    const [quality, gaps] = await Promise.all(
      [settings.urls.quality, settings.urls.gaps].map((url) => get(url, { parameters })),
    );
    return [quality.body, gaps.body];
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return null;
  }
}
