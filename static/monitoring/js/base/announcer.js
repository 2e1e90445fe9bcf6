// Texts for screen readers: announcements are few and at most one in ten seconds; responses to a key are immediate.
import { setText } from "./dom.js";

const AT_MOST_EVERY_MS = 10000;
const node = document.getElementById("announcer");
const responseNode = document.getElementById("answerer");
/** @type {Map<string, string>} */
const waiting = new Map();
let spokeAt = -Infinity;
/** @type {number | null} */
let timer = null;

/**
 * Announce the text soon. A later text with the same key replaces one that is still waiting.
 * @param {string} key
 * @param {string} text
 */
export function announce(key, text) {
  waiting.set(key, text);
  if (timer === null) timer = setTimeout(speak, Math.max(0, spokeAt + AT_MOST_EVERY_MS - performance.now()));
}

function speak() {
  setText(node, [...waiting.values()].join(". "));
  waiting.clear();
  spokeAt = performance.now();
  timer = null;
}

/**
 * Announce the response to a key press at once.
 * @param {string} text
 */
export const announceNow = (text) => setText(responseNode, text);
