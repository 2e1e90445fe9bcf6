import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { RequestFailed } from "../../../static/monitoring/js/base/request.js";
import { followShared } from "../../../static/monitoring/js/live/shared-stream.js";

const PATIENCE_MS = 60000; // with a busy machine; what holds is seen at once
const stored = new Map();
globalThis.localStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};
/** @type {import("node:http").ServerResponse[]} */
const open = [];
let requests = 0;
let status = 200;
const server = createServer((_request, response) => {
  requests += 1;
  response.writeHead(status, status === 200 ? { "Content-Type": "text/event-stream" } : { "Retry-After": "7" });
  if (status !== 200) response.end();
  else {
    response.write(": open\n\n");
    open.push(response);
  }
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

/** A window that follows the stream after the measurement `since`. */
function openWindow(since) {
  const abort = new AbortController();
  const found = { ids: [], events: [], alarms: 0, isOpen: false, leave: () => abort.abort() };
  const isEnded = followShared(url, {
    since,
    tags: null,
    signal: abort.signal,
    onOpen: () => Object.assign(found, { isOpen: true }),
    onMeasurements: (items) => found.ids.push(...items.map(({ id }) => id)),
    onEvents: (items) => found.events.push(...items.map(({ id }) => id)),
    onAlarms: () => Object.assign(found, { alarms: found.alarms + 1 }),
  });
  isEnded.catch(() => {}); // looked at later
  return { ...found, found, isEnded };
}

async function until(isTrue) {
  const end = performance.now() + PATIENCE_MS;
  while (!isTrue() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isTrue());
}

const measurement = (id) => `event: measurement\nid: ${id}\ndata: {"id": ${id}}\n\n`;

test("windows share one stream, each gets what it lacks once, and another one leads when the leader leaves", async () => {
  const first = openWindow(40);
  await until(() => first.found.isOpen);
  open[0].write(measurement(41) + measurement(42));
  await until(() => first.found.ids.length === 2);
  const second = openWindow(41);
  await until(() => second.found.isOpen);
  open[0].write(`${measurement(43)}event: event\ndata: {"id": 5}\n\nevent: alarm\ndata: {"revision": 7}\n\n`);
  await until(() => second.found.alarms === 1);
  assert.deepEqual(first.found.ids, [41, 42, 43]);
  assert.deepEqual(second.found.ids, [42, 43]);
  assert.deepEqual([first.found.events, second.found.events], [[5], [5]]);
  assert.equal(requests, 1);
  first.leave();
  await first.isEnded;
  const pauseMs = await second.isEnded; // the window follows again after this pause, and leads
  assert.ok(pauseMs < 1000);
  const again = openWindow(43);
  await until(() => again.found.isOpen);
  assert.equal(requests, 2);
  again.leave();
  await again.isEnded;
});

test("a window that lacks more than the leader has kept takes a stream of its own", async () => {
  const first = openWindow(100);
  await until(() => first.found.isOpen);
  const before = requests;
  const second = openWindow(50);
  await until(() => second.found.isOpen);
  assert.equal(requests, before + 1);
  first.leave();
  second.leave();
  await Promise.allSettled([first.isEnded, second.isEnded]);
});

test("a failure is one for all windows, with the pause that the server asks for", async () => {
  status = 503;
  const only = openWindow(1);
  await assert.rejects(only.isEnded, (error) => error instanceof RequestFailed && error.retryAfterMs === 7000);
  status = 200;
});

test("a leader that went without a word keeps nobody waiting", async () => {
  stored.set("fermon-stream-leader", "1");
  const next = openWindow(1);
  await until(() => next.found.isOpen);
  next.leave();
  await next.isEnded;
  assert.equal(stored.size, 0);
});
