import assert from "node:assert/strict";
import { test } from "node:test";

import { localText, utcText, wireTimeFilters } from "../../../static/monitoring/js/app/time-filters.js";

test("a time in UTC is shown on the viewer's clock, and goes back as it came", () => {
  for (const [utc, local] of [
    ["2025-01-31T12:30", "2025-01-31T13:30:00"],
    ["2025-07-31T22:30:15", "2025-08-01T00:30:15"],
  ]) {
    assert.equal(localText(utc), local);
    assert.equal(Date.parse(`${utcText(local)}Z`), Date.parse(`${utc}Z`));
  }
});

test("where clocks repeat an hour the first one is meant, and where they skip one the time after it", () => {
  assert.equal(utcText("2025-10-26T02:30"), "2025-10-26T00:30:00");
  assert.equal(utcText("2025-03-30T02:30"), "2025-03-30T01:30:00");
});

test("an empty field and what is no time stay as they are", () => {
  for (const text of ["", "yesterday"]) assert.deepEqual([localText(text), utcText(text)], [text, text]);
});

test("the fields of a filter are shown locally, and sent in UTC", () => {
  const fields = [
    { name: "from", defaultValue: "2025-01-31T12:30:00", value: "left by the browser" },
    { name: "to", defaultValue: "", value: "" },
    { name: "until", defaultValue: "2025-10-26T01:30:00.750", value: "" },
  ];
  const zone = { textContent: "UTC" };
  /** @type {(event: {formData: Map<string, string>}) => void} */
  let send = () => {};
  const form = {
    querySelectorAll: (/** @type {string} */ selector) => (selector === ".field-zone" ? [zone] : fields),
    addEventListener: (/** @type {string} */ _, /** @type {typeof send} */ listener) => (send = listener),
  };
  const found = document.querySelectorAll;
  Object.assign(document, { querySelectorAll: () => [form] });
  try {
    wireTimeFilters();
  } finally {
    Object.assign(document, { querySelectorAll: found });
  }
  assert.deepEqual([fields[0].value, fields[2].value], ["2025-01-31T13:30:00", "2025-10-26T02:30:00"]);
  assert.match(zone.textContent, /^Europe\/Berlin \(UTC\+[12]\)$/);
  fields[1].value = "2025-02-01T00:00";
  const formData = new Map([["tag", "ph"]]);
  send({ formData });
  assert.deepEqual(Object.fromEntries(formData), {
    tag: "ph",
    from: "2025-01-31T12:30:00",
    to: "2025-01-31T23:00:00",
    until: "2025-10-26T01:30:00.750", // unchanged: the second 02:30 of that night
  });
});
