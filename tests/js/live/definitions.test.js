import assert from "node:assert/strict";
import { test } from "node:test";
import { noteDefinitions } from "../../../static/monitoring/js/live/definitions.js";
import { settings } from "../../../static/monitoring/js/base/settings.js";

document.querySelector = () => null; // no dialog is open
document.activeElement = null;
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

test("changed definitions renew the page once, unknown and equal ones do not", async () => {
  let renewed = 0;
  const renew = () => {
    renewed += 1;
    return Promise.resolve("changed");
  };
  noteDefinitions("", renew);
  noteDefinitions(settings.definitions, renew);
  assert.equal(renewed, 0);
  noteDefinitions("changed", renew);
  await tick();
  noteDefinitions("changed", renew);
  assert.equal(renewed, 1);
});

test("a renewal that fails is tried again", async () => {
  let renewed = 0;
  const fail = () => {
    renewed += 1;
    return Promise.resolve(null);
  };
  noteDefinitions("again", fail);
  await tick();
  noteDefinitions("again", fail);
  await tick();
  assert.equal(renewed, 2);
});

test("the page waits while a person types", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  document.activeElement = { matches: () => true };
  let renewed = 0;
  const renew = () => {
    renewed += 1;
    return Promise.resolve("typed");
  };
  noteDefinitions("typed", renew);
  t.mock.timers.tick(1000);
  assert.equal(renewed, 0);
  document.activeElement = null;
  t.mock.timers.tick(1000);
  assert.equal(renewed, 1);
});
