import assert from "node:assert/strict";
import { test } from "node:test";
import { analyteOptions, byAnalyte, decimalsOf } from "../../../static/monitoring/js/batches/analytes.js";
import { choiceText } from "../../../static/monitoring/js/batches/choice.js";
import { withGaps } from "../../../static/monitoring/js/batches/gaps.js";
import { hasValues, needsOf, sensorOptions } from "../../../static/monitoring/js/batches/sensor.js";
import { trendOptions } from "../../../static/monitoring/js/batches/trend.js";
import { hintFor } from "../../../static/monitoring/js/batches/utc-fields.js";
import { rowsOf, summary } from "../../../static/monitoring/js/batches/value-table.js";

const MARKS = {
  zeroMs: 1000,
  isRunning: true,
  now: 3,
  range: { from: -1, to: 20 },
  regions: [{ from: 0, to: 3, label: "growth" }],
  spans: [
    { tag: "ph", label: "Stuck", x: 1, until: null },
    { tag: "temp", label: "Spike", x: 2, until: 2 },
  ],
  deviations: [
    { id: 1, label: "pH", x: 1, until: 2, tags: ["ph", "rpm"] },
    { id: 2, label: "Heat", x: 4, until: null, tags: [] },
    { id: 3, label: "Agitation", x: 6, until: 7, tags: ["rpm"] },
  ],
  watchedUpto: "",
  notes: [
    { tag: null, label: "fed", x: 1, until: null },
    { tag: "temp", label: "probe out", x: 2, until: 2.5 },
  ],
  samples: [
    { number: 1, analyte: "dry_weight", title: "Dry weight", value: 0.25, unit: "g/L", x: 1 },
    { number: 1, analyte: "od600", title: "OD600", value: 4, unit: "", x: 1 },
    { number: 2, analyte: "dry_weight", title: "Dry weight", value: 1.5, unit: "g/L", x: 2 },
  ],
};
const FIGURE = { tag: "ph", title: "pH", unit: "pH", decimals: 2, stepped: false };
const TREND = {
  tag: "ph",
  unit: "pH",
  resolution_s: 60,
  eft_h: [0, 1 / 60, 2 / 60, 1],
  t: [],
  mean: [7, 7.1, 7.2, 6.9],
  min: [6.9, 7, 7.1, 6.8],
  max: [7.3, 7.2, 7.3, 7],
  setpoint: null,
};

test("intervals without a measurement are a gap, not a line across", () => {
  const points = withGaps([0, 1, 2, 9], [5, 6, 7, 8]);
  assert.deepEqual(points, [
    [0, 5],
    [1, 6],
    [2, 7],
    [5.5, null],
    [9, 8],
  ]);
  assert.deepEqual(withGaps([], []), []);
  assert.deepEqual(withGaps([4], [1]), [[4, 1]]);
});

test("a chart of a tag has the extremes at each point, its own marks, and the phases", () => {
  const options = trendOptions(TREND, FIGURE, MARKS, false);
  const [line] = options.lines;
  assert.equal(line.points.length, 5); // with the gap
  assert.deepEqual([line.low[0], line.high[0], line.low[3]], [6.9, 7.3, null]);
  assert.deepEqual(
    options.marks.map(({ kind, label }) => [kind, label]),
    [
      ["event", "Stuck"],
      ["deviation", "pH"],
      ["deviation", "Heat"], // no tag contributes: it is about all
      ["note", "fed"],
    ],
  );
  assert.deepEqual(
    [options.xTitle, options.zeroMs, options.range, options.now],
    ["Elapsed time (h)", null, MARKS.range, 3],
  );
  assert.equal(options.regions, MARKS.regions);
});

test("on demand the axis tells the time of day", () => {
  const { xTitle, zeroMs } = trendOptions(TREND, FIGURE, MARKS, true);
  assert.deepEqual([xTitle, zeroMs], ["", 1000]);
});

test("a setpoint is steps beside the value, a golden profile a median and a band", () => {
  const setpoint = { eft_h: [0, 1], value: [7, 6.8] };
  const golden = {
    profile: { name: "p", version: 1 },
    eft_h: [0, 1],
    median: [7, 6.9],
    low: [6.9, null],
    high: [7.1, 7],
  };
  const { lines, bands } = trendOptions({ ...TREND, setpoint, golden }, FIGURE, MARKS, false);
  assert.deepEqual(
    lines.map(({ label, stepped }) => [label, Boolean(stepped)]),
    [
      ["pH", false],
      ["setpoint", true],
      ["golden", false],
    ],
  );
  assert.deepEqual(bands[0].points[1], [1, null, 7]);
});

test("without values a figure says so; with values it tells the last one and the extremes", () => {
  const options = trendOptions(TREND, FIGURE, MARKS, false);
  assert.equal(summary(options), "Last 6.90 pH, from 6.80 to 7.30 pH.");
  const empty = trendOptions({ ...TREND, eft_h: [], mean: [], min: [], max: [] }, FIGURE, MARKS, false);
  assert.equal(summary(empty), "No values in this batch.");
});

test("the table has the newest value first, and no row for a gap", () => {
  const rows = rowsOf(trendOptions(TREND, FIGURE, MARKS, false));
  assert.equal(rows.length, 4);
  assert.deepEqual(rows[0], ["1.00", "6.80", "6.90", "7.00"]);
});

test("a soft sensor has the samples of what it estimates as dots", () => {
  const sensor = {
    name: "biomass",
    title: "Biomass",
    unit: "g/L",
    decimals: null,
    eft_h: [0, 1, 2],
    value: [null, 0.2, 1.4],
  };
  const options = sensorOptions(sensor, MARKS, false);
  assert.deepEqual(
    options.marks.map(({ y, label }) => [y, label]),
    [
      [0.25, "1, Dry weight 0.25 g/L"],
      [1.5, "2, Dry weight 1.5 g/L"],
    ],
  );
  assert.deepEqual(sensorOptions({ ...sensor, name: "our" }, MARKS, false).marks, []);
  assert.ok(hasValues(sensor));
  assert.ok(!hasValues({ ...sensor, value: [null] }));
});

test("each analyte has a chart with as many decimals as people entered", () => {
  const found = byAnalyte(MARKS.samples);
  assert.deepEqual([...found.keys()], ["dry_weight", "od600"]);
  const options = analyteOptions(found.get("dry_weight"), MARKS, false);
  assert.deepEqual(options.lines[0].points, [
    [1, 0.25],
    [2, 1.5],
  ]);
  assert.equal(options.decimals, 2);
  assert.equal(decimalsOf([{ value: 3 }, { value: 0.123456 }]), 4);
});

test("two to eight batches can be compared", () => {
  assert.deepEqual(choiceText(1, 8), { isPossible: false, text: "Tick 2 to 8 batches." });
  assert.deepEqual(choiceText(2, 8), { isPossible: true, text: "2 ticked." });
  assert.deepEqual(choiceText(9, 8), { isPossible: false, text: "9 ticked: at most 8." });
});

test("what soft sensors need is told once, with those that need it", () => {
  const lacking = [
    { title: "OUR", missing: ["Add air.", "Add O2."] },
    { title: "CER", missing: ["Add air."] },
  ];
  assert.deepEqual(needsOf(lacking), [
    { need: "Add air.", titles: ["OUR", "CER"] },
    { need: "Add O2.", titles: ["OUR"] },
  ]);
});

test("a field in UTC tells the viewer's time once there is one", () => {
  assert.equal(hintFor("", "UTC. Empty: now."), "UTC. Empty: now.");
  assert.equal(hintFor("2025-01-31T12:30", "UTC. Empty: now."), "UTC: 31 Jan 2025 13:30:00 on your clock.");
});
