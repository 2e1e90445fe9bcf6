import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestFailed } from "../../../static/monitoring/js/base/request.js";
import { EventLines } from "../../../static/monitoring/js/live/event-lines.js";

const TEXT = ': sign of life\n\nretry: 3000\nid: 41\n\nevent: measurement\nid: 42\ndata: {"id": 42}\n\n';

test("events are parsed from a text; comments and empty blocks are skipped", () => {
  const lines = new EventLines();
  assert.deepEqual(lines.parse(TEXT), [{ event: "measurement", id: 42, data: '{"id": 42}' }]);
  assert.equal(lines.lastId, 42);
  assert.equal(lines.retryMs, 3000);
});

test("a text can be split anywhere", () => {
  for (let cut = 0; cut <= TEXT.length; cut++) {
    const lines = new EventLines();
    const events = [...lines.parse(TEXT.slice(0, cut)), ...lines.parse(TEXT.slice(cut))];
    assert.deepEqual(events, new EventLines().parse(TEXT), `cut at ${cut}`);
    assert.equal(lines.lastId, 42);
  }
});

test("lines may end as on Windows", () => {
  const events = new EventLines().parse(TEXT.replaceAll("\n", "\r\n"));
  assert.deepEqual(events, new EventLines().parse(TEXT));
});

test("an event may have several lines of data, and a value without a space before it", () => {
  assert.deepEqual(new EventLines().parse("data:one\ndata: two\ndata\n\n"), [{ data: "one\ntwo\n" }]);
});

test("an incomplete event is not returned, and its id is not continued from", () => {
  const lines = new EventLines();
  assert.deepEqual(lines.parse("id: 7\ndata: 7\n\nid: 8\ndata: 8\n"), [{ id: 7, data: "7" }]);
  assert.equal(lines.lastId, 7);
});

test("an id or a pause that is not a number is ignored", () => {
  const lines = new EventLines();
  lines.parse("id: seven\nretry: soon\n\n");
  assert.equal(lines.lastId, null);
  assert.equal(lines.retryMs, null);
});

test("text without a line end is not an event stream", () => {
  const lines = new EventLines();
  const piece = "x".repeat(600000);
  lines.parse(piece);
  assert.throws(() => lines.parse(piece), new RequestFailed("broken"));
});
