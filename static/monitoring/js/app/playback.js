// Playing the past: a playhead that moves through it, and the range that moves along.
import { answer } from "../base/announcer.js";
import { setAttribute, setIcon, setText } from "../base/dom.js";
import { momentText } from "../base/times.js";
import { goLive, onViewChange, showPast, view } from "./view.js";

const FOLLOW_AT = 0.75; // of the range: from there on it moves along
const REST_MS = 1000; // between two steps, for who wants little motion
const LOADING_MS = 2000; // what may pass until an answer is there
const LONGEST_MS = 2000; // that one frame makes up for: a page that was hidden does not jump
const buttons = document.getElementById("playback");
const play = document.getElementById("play");
const speed = document.getElementById("speed");
const output = document.getElementById("playhead");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let at = null;
let playing = false;
let follows = false; // the range changes because of the playhead
let page = null;
let frame = 0;

/** Where playback stands, in epoch milliseconds; null if it does not. */
export const playheadAt = () => at;

/** How far the playhead will be by the time that something asked for now has arrived. */
export const aheadMs = () => (playing ? Number(speed.value) * LOADING_MS : 0);

/**
 * Wires the buttons. `end()` is the right edge of time, `next(moment, direction)` the time of the
 * measurement beside a moment (null if there is none), `width()` a chart's in pixels; `draw()` draws.
 */
export function wirePlayback({ end, next, width, draw }) {
  page = { end, next, width, draw };
  play.addEventListener("click", togglePlayback);
  buttons.addEventListener("click", ({ target }) => {
    const direction = /** @type {Element} */ (target).closest("[data-step]")?.dataset.step;
    if (direction) step(Number(direction));
  });
  buttons.addEventListener("keydown", ({ key, target }) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (direction && target !== speed) step(direction);
  });
  onViewChange(() => {
    if (follows) return;
    playing = false; // somebody moves the range
    sync();
  });
  sync();
}

export function togglePlayback() {
  if (!view.past) return;
  playing = !playing;
  if (playing) begin();
  sync();
}

function begin() {
  if (at === null || at < view.past.from || at >= view.past.to) at = view.past.from;
  cancelAnimationFrame(frame); // one that was paused a moment ago
  frame = requestAnimationFrame((time) => run(time, time));
}

function run(time, before) {
  if (!playing) return;
  const passed = time - before;
  const pixelMs = (view.past.to - view.past.from) / page.width();
  const enough = passed >= REST_MS || (!calm.matches && passed * Number(speed.value) >= pixelMs / 2);
  if (enough) {
    at += Math.min(passed, LONGEST_MS) * Number(speed.value);
    if (at >= page.end()) return goLive();
    follow();
  }
  frame = requestAnimationFrame((later) => run(later, enough ? time : before));
}

/** To the next measurement, or where none is near, on by a part of the range. */
function step(direction) {
  if (!view.past) return;
  playing = false;
  const { from, to } = view.past;
  const inside = at !== null && at >= from && at <= to;
  const start = inside ? at : direction > 0 ? from : to;
  at = page.next(start, direction) ?? start + (direction * (to - from)) / 4;
  if (at >= page.end()) return goLive();
  follow();
  sync();
  answer(momentText(at));
}

/** Moves the range so that the playhead is well inside. */
function follow() {
  const { from, to } = view.past;
  const length = to - from;
  let start = from;
  if (at > from + FOLLOW_AT * length && to < page.end()) start = at - FOLLOW_AT * length;
  if (at < from) start = at - (1 - FOLLOW_AT) * length;
  follows = true;
  if (start !== from) showPast(start, start + length, page.end(), { isStill: true });
  follows = false;
  setText(output, momentText(at));
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
