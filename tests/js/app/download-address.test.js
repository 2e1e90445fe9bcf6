import assert from "node:assert/strict";
import { test } from "node:test";

const { downloadAddress, meaningOf } = await import("../../../static/monitoring/js/app/download-address.js");

const DOWNLOAD = {
  tags: ["fermenter_temp", "pH 1&2"],
  from: Date.parse("2026-01-31T12:00:00Z"),
  to: Date.parse("2026-01-31T13:00:00.250Z"),
  interval: "raw",
  aggregate: ["mean", "min", "max"],
  shape: "long",
  columns: [],
  format: "csv",
  zone: "UTC",
  decimal: "",
  bom: "",
};

/** @type {(changes: object) => string[]} */
function parametersOf(changes) {
  const address = downloadAddress("/export", { ...DOWNLOAD, ...changes });
  return [...new URL(address, "http://fermon.example").searchParams].slice(4).map((pair) => pair.join("="));
}

test("the address carries the tags, the range and the choices", () => {
  const address = downloadAddress("/export", { ...DOWNLOAD, zone: "Europe/Berlin" });
  assert.equal(
    address,
    "/export?tag=fermenter_temp&tag=pH+1%262&from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00.250Z" +
      "&interval=raw&format=csv&zone=Europe/Berlin",
  );
  assert.ok(!downloadAddress("/export", { ...DOWNLOAD, from: null, to: null }).includes("from"));
});

test("what has no meaning in a download is left out", () => {
  const all = { columns: ["unit", "reasons"], decimal: "comma", bom: "true", aggregate: ["max"], shape: "wide" };
  assert.deepEqual(parametersOf(all), [
    ...["interval=raw", "shape=wide", "columns=unit", "columns=reasons", "format=csv", "decimal=comma", "bom=true"],
  ]);
  assert.deepEqual(parametersOf({ ...all, interval: "10m", format: "xlsx" }), [
    ...["interval=10m", "aggregate=max", "shape=wide", "columns=unit", "format=xlsx"],
  ]);
  assert.deepEqual(parametersOf({ interval: "1h" }), ["interval=1h", "format=csv"]);
});

test("the dialog allows what has a meaning", () => {
  assert.deepEqual(meaningOf({ interval: "auto", format: "csv.gz" }), {
    isAggregated: true,
    isRaw: false,
    isCsv: true,
  });
  assert.deepEqual(meaningOf({ interval: "raw", format: "jsonl" }), { isAggregated: false, isRaw: true, isCsv: false });
});
