import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../../../static/monitoring/js/app/address.js";
import { view } from "../../../static/monitoring/js/app/view-state.js";

test("defaults are left out", () => {
  assert.equal(addressOf(view), "/dashboard");
});

test("the address has the whole view: times in UTC, tags readable", () => {
  const past = { from: Date.parse("2026-01-31T11:00:00Z"), to: Date.parse("2026-01-31T11:05:00.5Z") };
  const address = addressOf({ ...view, tag: "a&b", preset: "1h", past, event: 7, compare: ["a&b", "c"], page: 2 });
  assert.equal(
    address,
    "/dashboard?tag=a%26b&page=2&range=1h&from=2026-01-31T11:00:00Z&to=2026-01-31T11:05:00.500Z&event=7&compare=a%26b,c",
  );
});

test("an address can be read back", () => {
  const address = new URL(addressOf({ ...view, group: "Ärger & Co", search: "temp 1" }), location.href);
  assert.equal(address.searchParams.get("group"), "Ärger & Co");
  assert.equal(address.searchParams.get("search"), "temp 1");
});
