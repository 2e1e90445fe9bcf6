import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import { inGroups, inTagOrder, urgentFirst } from "../../../static/monitoring/js/app/card-order.js";

for (const { name, cards, groups, wall } of casesIn("order.json").orders) {
  test(`cards are in the order of the server: ${name}`, () => {
    const found = inGroups(cards).map(({ group, items }) => ({ group, tags: items.map(({ tag }) => tag) }));
    assert.deepEqual(found, groups);
    const sorted = urgentFirst(cards).map(({ tag }) => tag);
    assert.deepEqual(sorted, wall);
  });
}

test("cards are in the order of the tags, those of unknown tags last", () => {
  const cards = ["new", "pump_rpm", "fermenter_temp"].map((name) => ({ tag: { name } }));
  const names = inTagOrder(cards).map(({ tag }) => tag.name);
  assert.deepEqual(names, ["fermenter_temp", "pump_rpm", "new"]);
});
