import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { makePause } from "../../../static/monitoring/js/base/pause.js";

/** Callbacks that wait, by their timers: {callback, ms}. */
const timers = new Map();
mock.method(globalThis, "setTimeout", (callback, ms) => timers.set(timers.size + 1, { callback, ms }).size);
mock.method(globalThis, "clearTimeout", (timer) => timers.delete(timer));

/** Return whether a promise is resolved after all due callbacks have run. */
async function isOver(promise) {
  let over = false;
  promise.then(() => {
    over = true;
  });
  await turn();
  return over;
}

beforeEach(() => timers.clear());

test("a pause ends when its time is over", async () => {
  const [pause] = makePause();
  const paused = pause(1000);
  assert.equal(await isOver(paused), false);
  const [{ callback, ms }] = timers.values();
  assert.equal(ms, 1000);
  callback();
  assert.equal(await isOver(paused), true);
});

test("a pause that is cut short leaves no timer", async () => {
  const [pause, wake] = makePause();
  const paused = pause(1000);
  wake();
  assert.equal(await isOver(paused), true);
  assert.equal(timers.size, 0);
});

test("waking without a pause does not shorten the next one, and waking twice has no effect", async () => {
  const [pause, wake] = makePause();
  wake();
  const paused = pause(1000);
  assert.equal(await isOver(paused), false);
  wake();
  wake();
  assert.equal(await isOver(paused), true);
});
