import assert from "node:assert/strict";
import { test } from "node:test";
import { serverNow, setServerTime } from "../../../static/monitoring/js/base/clock.js";

const isNear = (time, other) => Math.abs(time - other) < 60000;

test("the time is the server's, however wrong the viewer's clock is", () => {
  assert.ok(isNear(serverNow(), Date.parse("2026-01-31T12:00:00Z")));
});

test("a difference of one second is ignored", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() }); // between two looks at a clock that goes, time may pass
  const before = serverNow();
  setServerTime(new Date(before + 1000).toISOString(), Date.now());
  assert.equal(serverNow(), before);
});

test("a larger difference is followed", () => {
  setServerTime("2026-02-01T00:00:00Z", Date.now());
  assert.ok(isNear(serverNow(), Date.parse("2026-02-01T00:00:00Z")));
});
