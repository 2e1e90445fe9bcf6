import assert from "node:assert/strict";
import { test } from "node:test";
import { serverNow, setServerTime } from "../../../static/monitoring/js/base/clock.js";

const isNear = (time, other) => Math.abs(time - other) < 60000;

test("the time is the server's, however wrong the viewer's clock is", () => {
  assert.ok(isNear(serverNow(), Date.parse("2026-01-31T12:00:00Z")));
});

test("a difference of one second is ignored", () => {
  const before = serverNow() - Date.now();
  setServerTime(new Date(serverNow() + 1000).toISOString(), Date.now());
  assert.equal(Math.abs(serverNow() - Date.now() - before) <= 1, true);
});

test("a larger difference is followed", () => {
  setServerTime("2026-02-01T00:00:00Z", Date.now());
  assert.ok(isNear(serverNow(), Date.parse("2026-02-01T00:00:00Z")));
});
