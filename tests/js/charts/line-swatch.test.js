import assert from "node:assert/strict";
import { test } from "node:test";

test("a swatch has the colour, dash and shape of its line", async () => {
  const { drawSwatch } = await import("../../../static/monitoring/js/charts/line-swatch.js");
  const calls = [];
  const ctx = new Proxy(
    {},
    {
      get:
        (_ctx, name) =>
        (...given) =>
          calls.push([name, ...given]),
      set: () => true,
    },
  );
  document.createElement = () => ({ getContext: () => ctx });
  globalThis.window ??= globalThis;
  window.Chart = { helpers: { drawPoint: (_ctx, options, x, y) => calls.push(["point", options.pointStyle, x, y]) } };
  const element = {
    getBoundingClientRect: () => ({ width: 48, height: 16 }),
    replaceChildren: (canvas) => Object.assign(element, { canvas }),
  };
  const line = { label: "", points: [], colour: 1, dash: [9, 5], shape: "rect" };
  drawSwatch(element, line, { rem: 16, "line-2": "brown", panel: "white" });
  assert.deepEqual(calls.filter(([name]) => name === "setLineDash")[0], ["setLineDash", [9, 5]]);
  assert.deepEqual(calls.at(-1), ["point", "rect", 24, 8]);
  assert.ok(element.canvas.width >= 48);
});
