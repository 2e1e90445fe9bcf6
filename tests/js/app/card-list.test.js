import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import { layoutOf } from "../../../static/monitoring/js/app/card-list.js";

test("cards have the layout that the server gives them", () => {
  for (const { tag, show, charts, shown, headings, layout } of casesIn("layout.json").cases) {
    const view = { tag, show, charts: Array.from({ length: charts }, (_, i) => `tag-${i}`) };
    assert.equal(layoutOf(view, shown, headings), layout, JSON.stringify({ ...view, shown, headings }));
  }
});
