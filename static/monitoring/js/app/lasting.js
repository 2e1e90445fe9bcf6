// Durations that go on: how long an alarm has been active. They count by the server's time, so a page that slept is right
// at its first look. No live region holds them: screen readers read a duration only when asked.
import { serverNow } from "../base/clock.js";
import { setText } from "../base/dom.js";
import { durationText } from "../base/times.js";

const TICK_MS = 1000;

/**
 * Show each duration below an element as it is now. Those that are over have no `data-since`.
 * @param {ParentNode} root
 */
export function showDurations(root) {
  for (const node of root.querySelectorAll("[data-since]")) {
    setText(node, durationText(Math.max(0, serverNow() - Date.parse(node.dataset.since ?? ""))));
  }
}

/**
 * Keep the durations below an element right, also just after the page was hidden.
 * @param {HTMLElement} root
 */
export function keepDurations(root) {
  const show = () => showDurations(root);
  show();
  setInterval(show, TICK_MS);
  document.addEventListener("visibilitychange", show);
}
