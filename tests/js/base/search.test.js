import assert from "node:assert/strict";
import { test } from "node:test";
import { firstIndex } from "../../../static/monitoring/js/base/search.js";

test("binary search finds the same index as linear search", () => {
  const values = [1, 1, 2, 5, 5, 5, 9];
  for (let wanted = 0; wanted <= 10; wanted++) {
    const expected = values.filter((value) => value < wanted).length;
    assert.equal(
      firstIndex(values.length, (i) => values[i] < wanted),
      expected,
    );
  }
});

test("the first index in an empty array is 0", () => {
  assert.equal(
    firstIndex(0, () => true),
    0,
  );
});
