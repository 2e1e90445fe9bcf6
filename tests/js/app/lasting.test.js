import assert from "node:assert/strict";
import { test } from "node:test";
import { keepDurations } from "../../../static/monitoring/js/app/lasting.js";
import { serverNow } from "../../../static/monitoring/js/base/clock.js";

const node = (ms) => ({ dataset: { since: new Date(serverNow() - ms).toISOString() }, textContent: "" });

test("durations go on by themselves, and at once when a page has slept", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: Date.parse("2026-01-31T12:00:00Z") });
  let wake = () => {};
  globalThis.document.addEventListener = (_, callback) => {
    wake = callback;
  };
  const nodes = [node(59000), node(3 * 60000), node(-400)]; // the last began after the page's idea of now
  keepDurations({ querySelectorAll: () => nodes });
  const shown = () => nodes.map(({ textContent }) => textContent);
  assert.deepEqual(shown(), ["59 s", "3 min", "0 s"]);
  t.mock.timers.tick(2000);
  assert.deepEqual(shown(), ["61 s", "3 min", "2 s"]);
  t.mock.timers.setTime(Date.now() + 2 * 3600000); // no timer has run
  assert.deepEqual(shown(), ["61 s", "3 min", "2 s"]);
  wake();
  assert.deepEqual(shown(), ["2 h 1 min", "2 h 3 min", "2 h"]);
});
