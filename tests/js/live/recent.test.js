import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Recent } from "../../../static/monitoring/js/live/recent.js";

const answers = { next: null, status: 200 };
mock.method(globalThis, "fetch", (address) => {
  const body = address.pathname === "/data" ? [{ id: 1, tag: "a", is_anomaly: true }] : [{ id: 1, findings: [] }];
  return Promise.resolve(Response.json(body, { status: answers.status }));
});

const ignore = () => {};

test("tags near the view are read first, then the others, each once", async () => {
  const recent = new Recent(ignore, ignore);
  const order = [];
  for (let tag = recent.next(["b"], ["a", "b", "c"]); tag; tag = recent.next(["b"], ["a", "b", "c"])) {
    order.push(tag);
    await recent.read(tag);
  }
  assert.deepEqual(order, ["b", "a", "c"]);
});

test("a tag is not read twice at the same time", () => {
  const recent = new Recent(ignore, ignore);
  recent.read("a");
  assert.equal(recent.next(["a"], ["a", "b"]), "b");
});

test("after a gap all tags are read again, including those with a read in progress", async () => {
  const recent = new Recent(ignore, ignore);
  const reading = recent.read("a");
  recent.forget();
  await reading;
  assert.equal(recent.next([], ["a"]), "a");
});

test("anomalies that were read have their reasons read, once", async () => {
  const told = [];
  const recent = new Recent(ignore, (anomalies) => told.push(...anomalies));
  await recent.read("a");
  await recent.readReasons();
  await recent.readReasons();
  assert.deepEqual(told, [{ id: 1, findings: [] }]);
});

test("an unreadable tag does not delay the others; an unavailable database is reported", async () => {
  const recent = new Recent(ignore, ignore);
  answers.status = 400;
  await recent.read("a");
  assert.equal(recent.next([], ["a", "b"]), "b");
  answers.status = 503;
  await assert.rejects(recent.read("b"), { kind: "database" });
  assert.equal(recent.next([], ["a", "b"]), "b");
});
