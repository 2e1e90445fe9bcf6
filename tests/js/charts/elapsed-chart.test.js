import assert from "node:assert/strict";
import { test } from "node:test";

// The chart's colours come from computed styles, and Chart.js from a script element: both are replaced here.
const probe = { style: {}, remove() {} };
document.documentElement = { dataset: {} };
document.body = { appendChild: () => probe };
document.createElement = () => probe;
document.querySelector = () => null;
globalThis.getComputedStyle = () => ({ color: probe.style.color ?? "", fontSize: "16px", fontFamily: "Arial" });
/** @type {(() => void)[]} */
const themeListeners = [];
globalThis.matchMedia = () => ({ addEventListener: (_kind, listener) => themeListeners.push(listener) });

class FakeChart {
  static Interaction = { modes: {} };
  static made = [];
  constructor(canvas, { data, options, plugins }) {
    Object.assign(this, { canvas, data, options, plugins, updates: 0, isDestroyed: false, active: [] });
    this.scales = { x: { min: 0, max: 20, getPixelForValue: (x) => 10 * x, getValueForPixel: (pixel) => pixel / 10 } };
    this.chartArea = { left: 0, right: 200, top: 0, bottom: 100 };
    this.tooltip = { setActiveElements: (found) => (this.tooltip.found = found) };
    FakeChart.made.push(this);
  }
  getDatasetMeta(index) {
    return { data: this.data.datasets[index].data.map((point) => ({ x: 10 * point.x })) };
  }
  setActiveElements(found) {
    this.active = found;
  }
  update() {
    this.updates += 1;
  }
  destroy() {
    this.isDestroyed = true;
  }
}
globalThis.window = { Chart: FakeChart };

const { drawElapsedChart } = await import("../../../static/monitoring/js/charts/elapsed-chart.js");
const { datasetsOf } = await import("../../../static/monitoring/js/charts/elapsed-datasets.js");
const { elapsedTicks, rangeOf } = await import("../../../static/monitoring/js/charts/elapsed-axis.js");
const { placesOfRegions } = await import("../../../static/monitoring/js/charts/elapsed-regions.js");
const { elapsedText, lineText, markTexts, nearestPoint, steppedPoint } = await import(
  "../../../static/monitoring/js/charts/elapsed-tooltip.js"
);
const { barsIn } = await import("../../../static/monitoring/js/charts/event-spans.js");
const { notesAt } = await import("../../../static/monitoring/js/charts/note-marks.js");
const { LINE_STYLES } = await import("../../../static/monitoring/js/charts/line-styles.js");

const THEME = {
  trace: "grey",
  band: "pale",
  panel: "white",
  text: "black",
  rem: 16,
  "line-1": "blue",
  "line-2": "red",
};
const line = (...points) => ({ label: "pH", points });
const options = (more = {}) => ({
  unit: "pH",
  xTitle: "Elapsed time (h)",
  decimals: 2,
  lines: [line([0, 7], [1, 6.9], [2, null], [12, 6.5])],
  ...more,
});
const plain = (dataset) => dataset.data.map(({ x, y }) => [x, y]);

test("a line has a gap where it has no value, and its extremes are a band around it", () => {
  const [mean, high, low] = datasetsOf(
    options({ lines: [{ ...line([0, 7], [1, null]), low: [6.8, null], high: [7.4, null] }] }),
    THEME,
  );
  assert.deepEqual(plain(mean), [
    [0, 7],
    [1, NaN],
  ]);
  assert.deepEqual(
    [plain(low)[0], plain(high)[0]],
    [
      [0, 6.8],
      [0, 7.4],
    ],
  );
  assert.equal(high.fill, "+1"); // down to the next dataset, which is the low edge
});

test("one line is grey; several have the colours, dashes and shapes of their places", () => {
  const [one] = datasetsOf(options(), THEME);
  assert.deepEqual([one.borderColor, one.borderDash, one.pointRadius], ["grey", [], 0]);
  const [, other] = datasetsOf(
    options({
      lines: [0, 1].map((i) => ({
        ...line(...Array.from({ length: 80 }, (_, x) => [x, x])),
        colour: i,
        ...LINE_STYLES[i],
      })),
    }),
    THEME,
  );
  assert.deepEqual([other.borderColor, other.borderDash, other.pointStyle], ["red", [9, 5], "rect"]);
  const shown = other.data.filter((_point, dataIndex) => other.pointRadius({ dataIndex }) > 0);
  assert.equal(shown.length, 8);
});

test("the eight styles differ by dash and by shape", () => {
  for (const part of ["dash", "shape"]) assert.equal(new Set(LINE_STYLES.map((style) => String(style[part]))).size, 8);
});

test("samples with a value are dots in front of the lines, in order of time", () => {
  const marks = [
    { x: 5, y: 3, kind: "sample", label: "OD600 3" },
    { x: 2, y: 1, kind: "sample", label: "OD600 1" },
    { x: 3, kind: "sample", label: "no value" },
  ];
  const samples = datasetsOf(options({ marks }), THEME).at(-1);
  assert.deepEqual(plain(samples), [
    [2, 1],
    [5, 3],
  ]);
  assert.equal(samples.showLine, false);
});

test("the axis reaches from the first to the last point of lines and bands, or as far as is asked for", () => {
  const bands = [{ label: "golden", points: [[-1, 6, 7], [20, 6, 7]] }]; // biome-ignore format: pairs
  assert.deepEqual(rangeOf(options({ bands })), { from: -1, to: 20 });
  assert.deepEqual(rangeOf(options({ range: { from: 0, to: 24 } })), { from: 0, to: 24 });
  assert.equal(rangeOf(options({ lines: [] })), null);
});

test("ticks are round hours, and on demand round times of the wall clock", () => {
  assert.deepEqual(
    elapsedTicks(0, 20, 5).map(({ value }) => value),
    [0, 5, 10, 15, 20],
  );
  const zeroMs = Date.parse("2026-01-31T08:30:00+01:00");
  const ticks = elapsedTicks(0, 6, 7, zeroMs);
  assert.deepEqual(ticks[0], { value: 0.5, text: "09:00" });
  assert.deepEqual(ticks.at(-1), { value: 5.5, text: "14:00" });
});

test("the pointer finds the nearest value, and none in a gap or far from all points", () => {
  const points = [0, 1, 2, 12].map((x) => ({ x, y: x === 2 ? NaN : x }));
  assert.equal(nearestPoint(points, 0.6, 0.5), 1);
  assert.equal(nearestPoint(points, 2, 0.5), null);
  assert.equal(nearestPoint(points, 6, 0.5), null);
  assert.equal(nearestPoint([], 6, 0.5), null);
});

test("a stepped line has the value of its last step", () => {
  const points = [0, 5].map((x) => ({ x, y: x }));
  assert.deepEqual(
    [-1, 0, 4.9, 5, 99].map((x) => steppedPoint(points, x)),
    [null, 0, 0, 1, 1],
  );
});

test("a value is told with unit and extremes; the time of day is told if the axis has it", () => {
  const told = { ...line([3, 7.004]), low: [6.9], high: [7.1] };
  assert.equal(lineText(told, 0, options()), "pH: 7.00 pH (6.90 to 7.10)");
  assert.equal(lineText(line([3, 7]), 0, options({ unit: "" })), "pH: 7.00");
  assert.equal(elapsedText(3.5, {}), "3.50 h");
  assert.equal(elapsedText(40, { xUnit: "%" }), "40.00 %");
  assert.equal(elapsedText(3.5, { zeroMs: Date.parse("2026-01-31T08:00:00Z") }), "12:30:00 (3.50 h)");
});

test("marks near the pointer are told, at most four of them; an open span lasts", () => {
  const marks = [
    { x: 2, kind: "event", label: "drift", until: null },
    { x: 9, kind: "note", label: "acid added" },
  ];
  assert.deepEqual(markTexts(marks, 9, 20), ["event: drift", "note: acid added"]);
  assert.deepEqual(markTexts(marks, 1, 20), []);
  const many = Array.from({ length: 6 }, () => ({ x: 1, kind: "note", label: "n" }));
  assert.deepEqual(markTexts(many, 1, 20).at(-1), "and 2 more");
});

test("a phase has its name where it has room, and is cut at the edges", () => {
  const regions = [
    { from: -5, to: 10, label: "batch" },
    { from: 10, to: 11, label: "fed-batch" },
    { from: 30, to: 40, label: "later" },
  ];
  const places = placesOfRegions(
    regions,
    (x) => 10 * x,
    { left: 0, right: 200 },
    (text) => 6 * text.length,
  );
  assert.deepEqual(places, [
    { left: 0, right: 100, label: "batch", begins: false },
    { left: 100, right: 110, label: "", begins: true },
  ]);
});

test("a chart draws its marks, follows the theme, and takes other contents", () => {
  const marks = [
    { x: 2, kind: "event", label: "drift", until: null },
    { x: 5, kind: "deviation", label: "pH low", until: 6 },
    { x: 9, kind: "note", label: "acid added" },
  ];
  const chart = drawElapsedChart({}, options({ marks }));
  const [first] = FakeChart.made;
  assert.deepEqual(
    barsIn(first).map(({ left, isOpen }) => [left, isOpen]),
    [
      [20, true],
      [50, false],
    ],
  );
  assert.equal(notesAt(first, 90)[0].text, "acid added");

  for (const listener of themeListeners) listener();
  assert.ok(first.isDestroyed);
  const second = FakeChart.made.at(-1);
  chart.update(options({ lines: [line([0, 1])] }));
  assert.deepEqual(plain(second.data.datasets[0]), [[0, 1]]);
  assert.deepEqual(notesAt(second, 90), []);

  chart.destroy();
  for (const listener of themeListeners) listener();
  assert.equal(FakeChart.made.at(-1), second); // a destroyed chart is not made again
});

test("keys point at a time as the pointer does, and get the texts", () => {
  const marks = [{ x: 1, kind: "note", label: "acid added" }];
  const chart = drawElapsedChart({}, options({ marks }));
  assert.equal(chart.pointAt(1), "1.00 h, pH: 6.90 pH, note: acid added");
  assert.equal(chart.pointAt(7), "");
  const found = FakeChart.Interaction.modes.elapsed(chart.chart, { x: 10 });
  assert.deepEqual(
    found.map(({ index }) => index),
    [1],
  );
});

test("without Chart.js nothing is drawn", () => {
  window.Chart = undefined;
  assert.throws(() => drawElapsedChart({}, options()), /not loaded/);
  window.Chart = FakeChart;
});
