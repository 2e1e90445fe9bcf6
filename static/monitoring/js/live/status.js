// The line that says whether data comes, and what the server says is wrong.
import { settings } from "../base/settings.js";
import { announce } from "../base/announcer.js";
import { setAttribute, setIcon, setText } from "../base/dom.js";
import { ageText, momentText } from "../base/times.js";
import { words } from "../base/words.js";

const ICONS = { database: "offline", denied: "problem", broken: "problem" };
const root = document.getElementById("status");
const list = document.getElementById("problems");
const notices = document.getElementById("notices");
const word = root.querySelector("[data-link=word]");
const detail = root.querySelector("[data-link=detail]");
const signIn = document.createElement("a");
signIn.textContent = "Sign in";
let mode = "stream";
let contact = { kind: root.dataset.state === "database" ? "database" : "ok", since: Date.now() };

/** Notes how the last request went: "ok" or a RequestFailed's kind. */
export function noteContact(kind) {
  // "Since" is the last good answer, not the first failure: a request may hang long before it fails.
  if (kind === "ok") contact = { kind, since: Date.now() };
  else contact = { kind, since: contact.since };
}

/** Notes how data comes: by the "stream", or by "polling". */
export function noteMode(found) {
  mode = found;
}

/** Shows the state now; `newest` is the time of the newest reading, null if there is none. */
export function showLink(now, newest) {
  const state = linkState(now, newest);
  if (root.dataset.state !== state) announce("link", words.link[state]);
  setAttribute(root, "data-state", state);
  setAttribute(root, "data-mode", mode);
  setIcon(root, ICONS[state] ?? state);
  setText(word, state === "live" && mode === "polling" ? `${words.link.live}, renewed every 5 s` : words.link[state]);
  setText(detail, detailText(state, now, newest));
  offerSignIn(state === "denied");
}

/** The way to the login and back to what is shown. */
function offerSignIn(isNeeded) {
  if (!isNeeded) return signIn.remove();
  signIn.href = `${settings.urls.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (!signIn.isConnected) detail.after(" ", signIn);
}

function linkState(now, newest) {
  if (contact.kind !== "ok") return contact.kind;
  if (newest === null) return "empty";
  return now - newest > settings.staleAfterMs ? "stale" : "live";
}

function detailText(state, now, newest) {
  const since = `since ${momentText(contact.since)}`;
  switch (state) {
    case "live":
      return `last reading ${ageText(now - newest)} ago`;
    case "stale":
      return `no new reading since ${momentText(newest)} (${ageText(now - newest)} ago)`;
    case "empty":
      return "waiting for the first reading";
    case "denied":
      return `${since}. What is shown is of then.`;
    default:
      return `${since}. What is shown is of then; trying again every second.`;
  }
}

/** Shows what is wrong, each in a line of its own, the first with since when (null if not known). */
export function showProblems(problems, since) {
  const when = since ? ` Since ${momentText(Date.parse(since))}.` : "";
  setLines(
    list,
    problems.map((text, i) => (i === 0 ? text + when : text)),
  );
  if (problems.length > 0 && !root.hasAttribute("data-problems")) announce("problems", problems.join(" "));
  root.toggleAttribute("data-problems", problems.length > 0);
}

/** Shows what was refused of late, in lines that nobody is alarmed by. */
export function showNotices(lines) {
  setLines(notices, lines);
}

function setLines(parent, lines) {
  while (parent.children.length > lines.length) parent.lastElementChild.remove();
  lines.forEach((text, i) => setText(parent.children[i] ?? parent.appendChild(document.createElement("li")), text));
}
