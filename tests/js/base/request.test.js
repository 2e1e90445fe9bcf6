import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { get, RequestFailed } from "../../../static/monitoring/js/base/request.js";

const ANSWERS = {
  "/ok": [200, { Link: '</ok?cursor=2>; rel="next"' }, '{"value": 1}'],
  "/last": [200, {}, "[]"],
  "/away": [503, { "Retry-After": "7" }, '{"detail": "away"}'],
  "/signed-out": [403, {}, "{}"],
  "/wrong": [500, {}, "{}"],
  "/page-of-a-proxy": [200, {}, "<html>"],
};
const asked = [];
let askedWith = {};
const server = createServer(({ url, headers: sent }, response) => {
  asked.push(url);
  askedWith = sent;
  const [status, headers, body] = ANSWERS[url.split("?")[0]] ?? [];
  if (status) response.writeHead(status, headers).end(body);
});
let root = "";

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  root = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const failure = (kind, retryAfterMs = null) => new RequestFailed(kind, retryAfterMs);

test("a response has its status and the address of the next page", async () => {
  const { body, status, next } = await get(`${root}/ok`, { parameters: { tag: "a b", limit: 5 } });
  assert.deepEqual(body, { value: 1 });
  assert.equal(status, 200);
  assert.equal(next, "/ok?cursor=2");
  assert.equal(asked.at(-1), "/ok?tag=a+b&limit=5");
  assert.equal((await get(`${root}/last`)).next, null);
});

test("a failed request has a reason", async () => {
  await assert.rejects(get(`${root}/away`), failure("database", 7000));
  await assert.rejects(get(`${root}/signed-out`), failure("denied"));
  await assert.rejects(get(`${root}/wrong`), failure("broken"));
  await assert.rejects(get(`${root}/page-of-a-proxy`), failure("broken"));
  await assert.rejects(get("http://127.0.0.1:1/"), failure("offline"));
});

test("an accepted error status counts as a response", async () => {
  const { body, status } = await get(`${root}/away`, { accept: [503] });
  assert.equal(status, 503);
  assert.deepEqual(body, { detail: "away" });
});

test("a server that never responds is offline after the timeout", async () => {
  await assert.rejects(get(`${root}/silent`, { timeoutMs: 20 }), failure("offline"));
});

test("a request can be ended early, and before it began", async () => {
  const abort = new AbortController();
  const request = get(`${root}/silent`, { signal: abort.signal });
  abort.abort();
  await assert.rejects(request, failure("offline"));
  await assert.rejects(get(`${root}/ok`, { signal: abort.signal }), failure("offline"));
});

test("a response may be stale only where that is said", async () => {
  await get(`${root}/ok`);
  assert.equal(askedWith["cache-control"], "no-cache");
  await get(`${root}/ok`, { staleS: 60 });
  assert.equal(askedWith["cache-control"], "max-age=60");
});
