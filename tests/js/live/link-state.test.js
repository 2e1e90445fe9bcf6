import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import { settings } from "../../../static/monitoring/js/base/settings.js";
import { momentText } from "../../../static/monitoring/js/base/times.js";
import { linkDetail, linkState } from "../../../static/monitoring/js/live/link-state.js";

const NOW = Date.parse(settings.now);
const { links, failures } = casesIn("link.json");
settings.staleAfterMs = 300000;

test("the data connection has the state and the sentence that the server shows first", () => {
  const contact = { kind: "ok", since: NOW };
  for (const { newestAgeS, state, detail } of links) {
    const newest = newestAgeS === null ? null : NOW - newestAgeS * 1000;
    assert.equal(linkState(contact, NOW, newest), state);
    assert.equal(linkDetail(contact, NOW, newest), detail.replace("{time}", momentText(newest)));
  }
});

test("a failure outranks the readings, and is since the last success", () => {
  for (const { kind, detail } of failures) {
    const contact = { kind, since: NOW - 60000 };
    assert.equal(linkState(contact, NOW, NOW), kind);
    assert.equal(linkDetail(contact, NOW, NOW), detail.replace("{time}", momentText(NOW - 60000)));
  }
});

test("each state has a word, an icon and a sentence", () => {
  const { link, linkDetails } = settings.words;
  assert.deepEqual(Object.keys(linkDetails).sort(), Object.keys(link).sort());
  assert.deepEqual(Object.keys(settings.linkIcons).sort(), Object.keys(link).sort());
  assert.equal(linkDetail({ kind: "denied", since: NOW }, NOW, null), "since 13:00:00. What is shown is of then.");
});
