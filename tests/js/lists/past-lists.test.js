import assert from "node:assert/strict";
import { test } from "node:test";

document.querySelector = () => null;
const { PagedList } = await import("../../../static/monitoring/js/lists/paged-list.js");
const { anomalyTexts, eventTexts, spanTexts } = await import("../../../static/monitoring/js/lists/past-rows.js");

const NOW = Date.parse("2026-01-31T12:00:00Z");

/** Return a list of the server's pages, and the texts of its parts. */
function listOf(/** @type {Record<string, {items: string[], next: string | null} | null>} */ pages) {
  /** @type {string[]} */
  const asked = [];
  globalThis.fetch = (address) => {
    asked.push(address.href.replace("http://fermon.example", ""));
    const page = pages[asked.at(-1) ?? ""];
    if (!page) return Promise.reject(new TypeError("Failed to fetch"));
    const headers = new Headers(page.next ? { Link: `<${page.next}>; rel="next"` } : {});
    return Promise.resolve(/** @type {any} */ ({ ok: true, status: 200, headers, json: async () => page.items }));
  };
  /** @type {Record<string, any>} */
  const parts = Object.fromEntries(
    ["rows", "newer", "older", "page", "none"].map((name) => [name, { textContent: "", dataset: { part: name } }]),
  );
  for (const name of ["newer", "older"]) parts[name].addEventListener = (_, act) => (parts[name].click = act);
  Object.assign(parts.rows, {
    children: [],
    replaceChildren: (...children) => (parts.rows.children = children),
    matches: () => parts.rows.isRead ?? false,
    focus: () => {},
  });
  const root = /** @type {any} */ ({ querySelectorAll: () => Object.values(parts) });
  const list = new PagedList(root, { url: "/events", rowOf: (item) => /** @type {any} */ (item), none: "None." });
  return { list, parts, asked };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("pages lead to older items and back", async () => {
  const first = "/events?tag=a&tag=b&limit=20";
  const older = "http://fermon.example/events?cursor=1";
  const { list, parts } = listOf({
    [first]: { items: ["new"], next: older },
    "/events?cursor=1": { items: ["old"], next: null },
  });
  await list.start({ tag: ["a", "b"] });
  assert.deepEqual([parts.rows.children, parts.newer.disabled, parts.older.disabled], [["new"], true, false]);
  parts.older.click();
  await settled();
  assert.deepEqual([parts.rows.children, parts.page.textContent], [["old"], "Page 2"]);
  assert.deepEqual([parts.newer.disabled, parts.older.disabled], [false, true]);
  await list.renew({ tag: ["c"] }); // an older page stays while time goes on
  assert.deepEqual(parts.rows.children, ["old"]);
  parts.newer.click();
  await settled();
  assert.deepEqual([parts.rows.children, parts.page.textContent], [["new"], "Page 1"]);
});

test("a list that is read stays, an empty and a failed one say so", async () => {
  const { list, parts, asked } = listOf({ "/events?from=1&limit=20": { items: [], next: null } });
  await list.start({ from: "1" });
  assert.equal(parts.none.textContent, "None.");
  parts.rows.isRead = true;
  await list.renew({ from: "2" });
  assert.equal(asked.length, 1);
  parts.rows.isRead = false;
  await list.renew({ from: "2" });
  assert.match(parts.none.textContent, /^Not read/);
});

test("a row leads to its time in the charts", () => {
  const event = { id: 7, tag: "fermenter_temp", detector: "spike", kind: "spike", score: 3, explanation: "jumped" };
  const texts = eventTexts({ ...event, start: "2026-01-31T11:00:00Z", end: "2026-01-31T11:00:14Z" }, NOW);
  assert.deepEqual([texts.link, texts.amount, texts.isOpen], ["Spike", "14 s", false]);
  assert.equal(texts.reason, "12:00:00 to 12:00:14 jumped");
  assert.match(texts.href, /from=2026-01-31T10:59:00Z&to=2026-01-31T11:01:14Z&event=7/);
  const anomaly = anomalyTexts({
    ...{ id: 9, tag: "fermenter_temp", timestamp: "2026-01-31T11:00:00Z", value: 46.2, is_anomaly: true },
    findings: [{ reason: "above_limit", lower: null, upper: 40 }],
  });
  assert.deepEqual([anomaly.link, anomaly.amount, anomaly.reason], ["12:00:00", "46.20 °C", "above the limit 40"]);
  assert.match(anomaly.href, /anomaly=9/);
});

test("a time without good values leads to its charts", () => {
  const span = { tag: null, source: "mfcs", kind: /** @type {const} */ ("gap"), start: NOW - 90000, end: NOW - 30000 };
  const gap = spanTexts({ ...span, text: "the collector was stopped" }, NOW);
  assert.deepEqual([gap.link, gap.tag, gap.amount, gap.isOpen], ["Gap", "all of mfcs", "60 s", false]);
  assert.match(gap.reason, /^Gap: the collector was stopped, .* to /);
  assert.match(gap.href, /from=2026-01-31/);
  const bad = spanTexts({ ...span, kind: "bad", tag: "pump_rpm", end: null, text: "" }, NOW);
  assert.deepEqual([bad.link, bad.tag, bad.isOpen], ["Bad", "Feed pump", true]);
});
