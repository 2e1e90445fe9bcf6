// Confirmations of sources, as /health sends them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { confirmedUntil, newestConfirmation, noteConfirmed } from "../../../static/monitoring/js/live/confirmed.js";

const at = (seconds) => new Date(seconds * 1000).toISOString();
const tag = (name, ...sources) => ({ name, sources });

test("without a source nothing is confirmed", () => {
  noteConfirmed([]);
  assert.equal(confirmedUntil({ name: "a" }), -Infinity);
  assert.equal(confirmedUntil(tag("a", "plc")), -Infinity);
  assert.equal(newestConfirmation(), -Infinity);
});

test("of several sources the latest confirmation counts, but not for a tag that is bad", () => {
  noteConfirmed([
    { name: "plc", until: at(10), bad: ["b"] },
    { name: "broker", until: at(20), bad: [] },
  ]);
  assert.equal(confirmedUntil(tag("a", "plc")), 10000);
  assert.equal(confirmedUntil(tag("a", "plc", "broker")), 20000);
  assert.equal(confirmedUntil(tag("b", "plc")), -Infinity);
  assert.equal(confirmedUntil(tag("b", "plc", "broker")), 20000);
  assert.equal(newestConfirmation(), 20000);
});

test("a source that confirms no longer is forgotten", () => {
  noteConfirmed([{ name: "plc", until: at(10), bad: [] }]);
  noteConfirmed([]);
  assert.equal(confirmedUntil(tag("a", "plc")), -Infinity);
});
