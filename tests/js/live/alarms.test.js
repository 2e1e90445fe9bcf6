import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alarmOf,
  alarmOfTag,
  followTags,
  presentAlarms,
  readAlarms,
  storeAlarms,
} from "../../../static/monitoring/js/live/alarms.js";

const item = (changes = {}) => ({
  id: 1,
  occurrence: 5,
  tag: "fermenter_temp",
  name: "fermenter_temp",
  kind: "H",
  title: "High",
  condition: "above 45 °C",
  priority: "high",
  state: "UNACK",
  active: true,
  acknowledged: false,
  active_at: "2026-01-31T12:00:00Z",
  cleared_at: null,
  ...changes,
});
const answer = (alarms, changes = {}) => ({
  now: "2026-01-31T12:00:00Z",
  revision: 7,
  unacknowledged: { critical: 0, high: 1, medium: 0, low: 0 },
  shelved: 0,
  suppressed: 0,
  newest: null,
  alarms,
  ofTags: [],
  isCut: false,
  ...changes,
});

test("times are numbers, and null where nothing happened", () => {
  const { activeAt, clearedAt, id } = alarmOf(item());
  assert.deepEqual([activeAt, clearedAt, id], [Date.parse("2026-01-31T12:00:00Z"), null, 1]);
});

test("each tag has its alarm; those of groups and of the system have none", () => {
  storeAlarms(answer([item(), item({ id: 2, tag: null, name: "Fermon" })]));
  assert.equal(alarmOfTag("fermenter_temp").id, 1);
  assert.equal(alarmOfTag("pump_rpm"), null);
  assert.equal(presentAlarms().alarms.length, 2);
});

test("an answer replaces the one before, and a list that is cut leaves out no tag of the page", () => {
  storeAlarms(answer([item()]));
  storeAlarms(answer([item({ id: 3, tag: "pump_rpm" })], { isCut: true, ofTags: [item({ id: 4 })] }));
  assert.deepEqual([alarmOfTag("fermenter_temp").id, alarmOfTag("pump_rpm").id], [4, 3]);
  storeAlarms(answer([item({ id: 3, tag: "pump_rpm" })], { isCut: true }));
  assert.equal(alarmOfTag("fermenter_temp"), null); // acknowledged and over, while others are too many for the list
  assert.equal(presentAlarms().alarms.length, 1);
});

test("the tags of the page are asked for by name", async () => {
  const asked = [];
  globalThis.fetch = (address) => {
    asked.push(address.searchParams.getAll("tag"));
    return Promise.resolve(new Response(JSON.stringify({ revision: 7 })));
  };
  followTags(() => ["pump_rpm", "fermenter_ph"]);
  await readAlarms("/alarms/present");
  assert.deepEqual(asked, [["pump_rpm", "fermenter_ph"]]);
});
