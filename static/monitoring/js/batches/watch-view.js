// The part of a batch's page that compares it with golden batches: chart of the score, contributions, T² and SPE.
import { get } from "../base/request.js";
import { showContributions } from "./contributions.js";
import { followFigure, makeFigure } from "./figures.js";
import { renewOnce } from "./live-page.js";
import { minuteAt, scoreOptions, scoreSentence, statisticOptions } from "./watch.js";
import { WatchFigure } from "./watch-figure.js";

/**
 * @typedef {import("./watch.js").WatchAnswer} WatchAnswer
 * @typedef {import("./page-data.js").BatchSettings} BatchSettings
 * @typedef {import("./page-data.js").BatchMarks} BatchMarks
 */

const TIMEOUT_MS = 15000;
const EVERY_MS = 60000; // without a new minute of the server
const UNREAD = "The score could not be read. It is tried again with the next refresh.";
const UNREAD_BARS = "The contributions could not be read. Choose the minute again.";
const LACKS = "Its profile has no such statistic.";
const STATISTICS = /** @type {const} */ ({ t2: "T²", spe: "SPE" });

/**
 * Show the score, if the batch is compared with a profile. Returns what reads and what draws it again.
 * @param {BatchSettings} settings
 * @param {() => {marks: BatchMarks, isClock: boolean}} view
 * @param {() => void} onDeviation called when a person has chosen a deviation and its parts of the page are new
 */
export function showWatch({ urls, families }, view, onDeviation) {
  const element = document.getElementById("watch-figure");
  if (!element) return { show: () => {}, renew: () => {} };
  const titles = Object.fromEntries(Object.entries(families).map(([letter, [title]]) => [letter, title]));
  /** @type {WatchAnswer | null} */
  let answer = null;
  let read = { upto: "", at: -Infinity };
  /** @type {number | null} */
  let chosenMs = null;
  let asked = 0;

  const figure = followFigure(
    new WatchFigure(element, (x) => {
      const at = answer && minuteAt(answer, x, view().marks.zeroMs);
      if (at !== null) explain(new Date(at).toISOString());
    }),
    readScore,
  );
  const list = document.getElementById("watch-statistics");
  const statistics = Object.entries(STATISTICS).map(([name, title]) => {
    const made = makeFigure(list, { title }, showStatistics);
    return { name: /** @type {keyof typeof STATISTICS} */ (name), title, figure: made };
  });

  async function readScore() {
    const { watchedUpto } = view().marks;
    if (answer && read.upto === watchedUpto && performance.now() - read.at < EVERY_MS) return show();
    read = { upto: watchedUpto, at: performance.now() };
    const found = await get(urls.watch, { timeoutMs: TIMEOUT_MS }).catch(() => null);
    if (found) answer = found.body;
    else read.at = -Infinity;
    if (!answer) return figure.tell(UNREAD);
    show();
  }

  function show() {
    if (!answer) return;
    const { marks, isClock } = view();
    for (const item of element?.querySelectorAll("[data-line='F']") ?? []) item.hidden = !answer.families.F;
    figure.told = scoreSentence(answer);
    figure.show(scoreOptions(answer, marks, isClock, { titles, chosenMs }));
    showStatistics();
  }

  function showStatistics() {
    if (!answer) return;
    const { marks, isClock } = view();
    for (const { name, title, figure: own } of statistics) {
      const statistic = answer[name];
      if (statistic) own.show(statisticOptions({ t: answer.t, statistic, title }, marks, isClock));
      else own.tell(LACKS);
    }
  }

  /** @param {string} at ISO 8601 */
  async function explain(at) {
    chosenMs = Date.parse(at);
    document.getElementById("contributions").removeAttribute("data-renewed"); // a chosen minute stays
    show();
    const mine = ++asked;
    const options = { parameters: { at }, timeoutMs: TIMEOUT_MS, accept: [400, 409] };
    const found = await get(urls.contributions, options).catch(() => null);
    if (mine === asked)
      showContributions(found?.body ?? { error: UNREAD_BARS }, { at, zeroMs: view().marks.zeroMs, families });
  }

  followLinks((at) => {
    explain(at);
    renewOnce().then(onDeviation, () => {});
  });

  return { show, renew: () => figure.isNear && readScore() };
}

/**
 * Choose a deviation by its link: the address names it, so that the server shows its verdict.
 * @param {(at: string) => void} onChoose called with the time of its largest score
 */
function followLinks(onChoose) {
  const rows = document.getElementById("deviation-rows");
  rows.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("[data-deviation]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const each of rows.querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    history.replaceState(null, "", `?deviation=${link.dataset.deviation}`);
    onChoose(link.dataset.at ?? "");
  });
}
