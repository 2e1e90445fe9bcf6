// Playback of the past: a playhead that moves through time, and a range that follows.
import { announceNow } from "../base/announcer.js";
import { setAttribute, setIcon, setText } from "../base/dom.js";
import { momentText } from "../base/times.js";
import { goLive, onViewChange, showPast, view } from "./view-state.js";

/**
 * Functions of the page for playback. `end()` returns the newest time that charts can show; `next(moment, direction)`
 * the time of the measurement before (-1) or after (1) a moment, null if there is none; `width()` the width of a chart
 * in pixels; `draw()` draws the charts.
 * @typedef {{end: () => number, next: (moment: number, direction: number) => number | null, width: () => number,
 *   draw: () => void}} PlaybackPage
 */

const FOLLOW_AT = 0.75; // of the range: from there on the range follows
const REST_MS = 1000; // between two steps, for viewers who want little motion
const LOADING_MS = 2000; // expected time until a response
const LONGEST_MS = 2000; // that one frame makes up for, so that a page that was hidden does not jump
/** @type {Record<string, number>} */
const DIRECTIONS = { ArrowLeft: -1, ArrowRight: 1 };
const buttons = document.getElementById("playback");
const play = document.getElementById("play");
const speed = document.getElementById("speed");
const output = document.getElementById("playhead");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {number | null} epoch milliseconds, null without playback */
let at = null;
let playing = false;
let follows = false; // whether playback itself is changing the range
/** @type {PlaybackPage} */
let page;
let frame = 0;

/** Return where playback stands, in epoch milliseconds; null without playback. */
export const playheadAt = () => at;

/** Return how far the playhead will have moved when the response to a request sent now arrives. */
export const aheadMs = () => (playing ? Number(speed.value) * LOADING_MS : 0);

/**
 * Wire the buttons.
 * @param {PlaybackPage} found
 */
export function wirePlayback(found) {
  page = found;
  play.addEventListener("click", togglePlayback);
  buttons.addEventListener("click", ({ target }) => {
    const direction = /** @type {Element} */ (target).closest("[data-step]")?.dataset.step;
    if (direction) step(Number(direction));
  });
  buttons.addEventListener("keydown", ({ key, target }) => {
    const direction = DIRECTIONS[key];
    if (direction && target !== speed) step(direction);
  });
  onViewChange(() => {
    if (follows) return;
    playing = false; // the viewer moves the range
    sync();
  });
  sync();
}

export function togglePlayback() {
  if (!view.past) return;
  playing = !playing;
  if (playing) begin(view.past);
  sync();
}

/** @param {import("../base/settings.js").TimeRange} range */
function begin({ from, to }) {
  if (at === null || at < from || at >= to) at = from;
  cancelAnimationFrame(frame); // of a playback that was paused a moment ago
  frame = requestAnimationFrame((time) => run(time, time));
}

/**
 * @param {number} time of this frame
 * @param {number} before time of the last step
 */
function run(time, before) {
  if (!playing || !view.past || at === null) return;
  const passed = time - before;
  const pixelMs = (view.past.to - view.past.from) / page.width();
  const enough = passed >= REST_MS || (!calm.matches && passed * Number(speed.value) >= pixelMs / 2);
  if (enough) {
    at += Math.min(passed, LONGEST_MS) * Number(speed.value);
    if (at >= page.end()) return goLive();
    follow(at, view.past);
  }
  frame = requestAnimationFrame((later) => run(later, enough ? time : before));
}

/**
 * Move to the next measurement or, without one nearby, by a quarter of the range.
 * @param {number} direction -1 or 1
 */
function step(direction) {
  if (!view.past) return;
  playing = false;
  const { from, to } = view.past;
  const start = at !== null && at >= from && at <= to ? at : direction > 0 ? from : to;
  at = page.next(start, direction) ?? start + (direction * (to - from)) / 4;
  if (at >= page.end()) return goLive();
  follow(at, view.past);
  sync();
  announceNow(momentText(at));
}

/**
 * Move the range so that the playhead is well inside.
 * @param {number} moment of the playhead
 * @param {import("../base/settings.js").TimeRange} range
 */
function follow(moment, { from, to }) {
  const length = to - from;
  let start = from;
  if (moment > from + FOLLOW_AT * length && to < page.end()) start = moment - FOLLOW_AT * length;
  if (moment < from) start = moment - (1 - FOLLOW_AT) * length;
  follows = true;
  if (start !== from) showPast(start, start + length, page.end(), { isStill: true });
  follows = false;
  setText(output, momentText(moment));
  page.draw();
}

function sync() {
  if (!view.past) at = null;
  buttons.toggleAttribute("disabled", !view.past);
  setIcon(play, playing ? "pause" : "play");
  setAttribute(play, "aria-label", playing ? "Pause" : "Play");
  setAttribute(play, "title", playing ? "Pause" : "Play");
  setText(output, at === null ? "" : momentText(at));
}
