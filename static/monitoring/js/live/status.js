// The line that shows whether data arrives, and the problems that the server reports.
import { newestConfirmation } from "./confirmed.js";
import { settings } from "../base/settings.js";
import { announce } from "../base/announcer.js";
import { serverNow } from "../base/clock.js";
import { descendant, setAttribute, setIcon, setLines, setText } from "../base/dom.js";
import { filled } from "../base/pattern.js";
import { momentText } from "../base/times.js";
import { words } from "../base/words.js";
import { linkDetail, linkState } from "./link-state.js";

/** @typedef {import("../base/request.js").ContactKind} ContactKind */

const root = document.getElementById("status");
const list = document.getElementById("problems");
const notices = document.getElementById("notices");
const refused = document.getElementById("refused");
const DISMISSED_KEY = "fermon-notices-dismissed"; // early-theme.js reads this key before the first paint
const DISMISSED_MS = 3600000;
const page = document.documentElement;
const word = descendant(root, "[data-link=word]");
const detail = descendant(root, "[data-link=detail]");
const signIn = document.createElement("a");
signIn.textContent = "Sign in";
let dismissedUntil = Number(page.dataset.quiet ?? 0);
/** @type {"stream" | "polling"} */
let mode = "stream";
/** @type {import("./link-state.js").Contact} */
let contact = { kind: root.dataset.state === "database" ? "database" : "ok", since: Date.parse(settings.now) };

/**
 * Note how the last request went.
 * @param {ContactKind} kind
 */
export function noteContact(kind) {
  // "Since" is the last good response, not the first failure: a request may hang long before it fails.
  if (kind === "ok") contact = { kind, since: serverNow() };
  else contact = { kind, since: contact.since };
}

/**
 * Note how data arrives.
 * @param {"stream" | "polling"} found
 */
export function noteMode(found) {
  mode = found;
}

/**
 * Show the current state.
 * @param {number} now epoch milliseconds
 * @param {number | null} newestReading its time in epoch milliseconds, null if there is none; a source may confirm later
 */
export function showLink(now, newestReading) {
  const newest = newestReading === null ? null : Math.max(newestReading, newestConfirmation());
  const state = linkState(contact, now, newest);
  if (root.dataset.state !== state) announce("link", words.link[state]);
  setAttribute(root, "data-state", state);
  setAttribute(root, "data-mode", mode);
  setIcon(root, settings.linkIcons[state]);
  setText(
    word,
    state === "live" && mode === "polling" ? filled(words.other.polling, [words.link.live]) : words.link[state],
  );
  setText(detail, linkDetail(contact, now, newest));
  offerSignIn(state === "denied");
}

/**
 * Show a link to the login, which leads back to the current view.
 * @param {boolean} isNeeded
 */
function offerSignIn(isNeeded) {
  if (!isNeeded) return signIn.remove();
  signIn.href = `${settings.urls.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (!signIn.isConnected) detail.after(" ", signIn);
}

/**
 * Show each problem in a line of its own, the first with the time since when.
 * @param {string[]} problems
 * @param {string | null} since ISO 8601, null if unknown
 */
export function showProblems(problems, since) {
  /** @param {string} problem */
  const sinceWhen = (problem) =>
    since ? filled(words.other.problemSince, { problem, time: momentText(Date.parse(since)) }) : problem;
  setLines(
    list,
    problems.map((text, i) => (i === 0 ? sinceWhen(text) : text)),
  );
  if (problems.length > 0 && !root.hasAttribute("data-problems")) announce("problems", problems.join(" "));
  root.toggleAttribute("data-problems", problems.length > 0);
}

/**
 * Show recent rejections, in lines without an alarm colour; the wall screen has none.
 * @param {string[]} lines
 */
export function showNotices(lines) {
  setLines(notices, lines);
  refused.hidden = lines.length === 0;
  if (dismissedUntil < Date.now()) delete page.dataset.quiet;
}

/** Let a person dismiss the notices in this browser, for an hour. */
export function wireNotices() {
  document.getElementById("dismiss-notices").addEventListener("click", () => {
    dismissedUntil = Date.now() + DISMISSED_MS;
    try {
      localStorage.setItem(DISMISSED_KEY, String(dismissedUntil));
    } catch {
      // The browser stores nothing for this page: the notices are back when the page is loaded again.
    }
    page.dataset.quiet = String(dismissedUntil);
    document.querySelector("main")?.focus(); // the button is gone
  });
}
