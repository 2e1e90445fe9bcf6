import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { RequestFailed } from "../../../static/monitoring/js/base/request.js";
import { follow } from "../../../static/monitoring/js/live/stream.js";

const STREAM = { "Content-Type": "text/event-stream; charset=utf-8" };
let answer = (response) => response.end();
let asked = "";
const server = createServer((request, response) => {
  asked = request.url;
  answer(response);
});
let url = "";

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}/stream`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** Follow the stream to its end; return the received items and the pause before the next attempt. */
async function hear(changes = {}) {
  const heard = [];
  const retryMs = await follow(url, {
    since: 41,
    tags: null,
    signal: new AbortController().signal,
    onOpen: () => heard.push("open"),
    onMeasurements: (items, place) => heard.push({ ids: items.map(({ id }) => id), place }),
    onEvents: (items) => heard.push({ events: items.map(({ id }) => id) }),
    onAlarms: () => heard.push("alarms"),
    ...changes,
  });
  return { heard, retryMs };
}

test("measurements and events arrive as they are sent, each with the id to continue from", async () => {
  answer = (response) => {
    response.writeHead(200, STREAM);
    response.end('retry: 3000\n\nevent: measurement\nid: 42\ndata: {"id": 42}\n\nevent: event\ndata: {"id": 5}\n\n');
  };
  const { heard, retryMs } = await hear({ tags: ["a", "b c"] });
  assert.deepEqual(heard, ["open", { ids: [42], place: 42 }, { events: [5] }]);
  assert.equal(retryMs, 3000);
  assert.equal(asked, "/stream?since=41&tag=a&tag=b+c");
});

test("the stream tells that alarms have changed, one by one or in bulk", async () => {
  for (const name of ["alarm", "alarms"]) {
    answer = (response) => {
      response.writeHead(200, STREAM);
      response.end(`event: ${name}\ndata: {"revision": 7}\n\n`);
    };
    assert.deepEqual((await hear()).heard, ["open", { ids: [], place: null }, "alarms"]);
  }
});

test("a character that is split between chunks arrives whole", async () => {
  const text = Buffer.from('event: measurement\nid: 1\ndata: {"id": 1, "unit": "°C"}\n\n');
  const cut = text.indexOf("°") + 1;
  const units = [];
  answer = (response) => {
    response.writeHead(200, STREAM);
    response.write(text.subarray(0, cut), () => setTimeout(() => response.end(text.subarray(cut)), 20));
  };
  await hear({ onMeasurements: (items) => units.push(...items.map(({ unit }) => unit)) });
  assert.deepEqual(units, ["°C"]);
});

test("an unavailable stream has a reason and a pause", async () => {
  answer = (response) => response.writeHead(503, { "Retry-After": "5" }).end("{}");
  await assert.rejects(hear(), new RequestFailed("database", 5000));
  answer = (response) => response.destroy();
  await assert.rejects(hear(), new RequestFailed("offline"));
});

test("a response other than a stream, or data other than JSON, is broken", async () => {
  answer = (response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>");
  await assert.rejects(hear(), new RequestFailed("broken"));
  answer = (response) => response.writeHead(200, STREAM).end("event: measurement\ndata: {\n\n");
  await assert.rejects(hear(), new RequestFailed("broken"));
});

test("aborting ends the stream, with the usual pause", async () => {
  const abort = new AbortController();
  answer = (response) => {
    response.writeHead(200, STREAM);
    response.write(": hello\n\n");
  };
  const { heard, retryMs } = await hear({ signal: abort.signal, onOpen: () => abort.abort() });
  assert.deepEqual(heard, [{ ids: [], place: null }]);
  assert.equal(retryMs, 2000);
});
