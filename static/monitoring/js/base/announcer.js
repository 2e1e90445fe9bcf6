// What a screen reader is told without being asked: little, and not often.
import { setText } from "./dom.js";

const AT_MOST_EVERY_MS = 10000;
const node = document.getElementById("announcer");
const answerer = document.getElementById("answerer");
const waiting = new Map();
let spokeAt = -Infinity;
let timer = null;

/** Says the text soon; until then a later one with the same key takes its place. */
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

/** Says at once what somebody has just asked for by a key. */
export const answer = (text) => setText(answerer, text);
