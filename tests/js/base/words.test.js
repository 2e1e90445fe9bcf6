import assert from "node:assert/strict";
import { test } from "node:test";
import { casesIn } from "../cases.js";
import { nameParts } from "../../../static/monitoring/js/base/dom.js";
import { trimmedText } from "../../../static/monitoring/js/base/numbers.js";
import { tagOf } from "../../../static/monitoring/js/base/settings.js";
import {
  anomaliesText,
  markText,
  momentValueText,
  reasonTexts,
  spreadText,
  valueText,
  whole,
  withUnit,
} from "../../../static/monitoring/js/base/words.js";

const TEMPERATURE = tagOf("fermenter_temp");
const RPM = tagOf("pump_rpm");

test("a value has its tag's decimals and unit", () => {
  assert.equal(valueText(TEMPERATURE, 37), "37.00");
  assert.equal(valueText(RPM, 1200.4), "1,200");
  assert.equal(withUnit(TEMPERATURE, "37.00"), "37.00 °C");
  assert.equal(withUnit({ ...TEMPERATURE, unit: "" }, "37.00"), "37.00");
});

test("a tag that was made after the page has up to three decimals and no unit", () => {
  const unknown = tagOf("ph");
  assert.equal(withUnit(unknown, valueText(unknown, 7.0125)), "7.013");
  assert.equal(valueText(unknown, 7), "7.00");
});

test("values and limits are written as the server writes them", () => {
  for (const { value, text, trimmed, ...format } of casesIn("numbers.json").values) {
    assert.equal(valueText({ ...TEMPERATURE, ...format }, value), text);
    assert.equal(trimmedText(value, format), trimmed);
  }
  assert.equal(trimmedText(null, TEMPERATURE), "-");
});

test("names break into lines where the server breaks them", () => {
  for (const { name, parts } of casesIn("numbers.json").names) assert.deepEqual([...nameParts(name)], parts);
});

test("reasons are written as the server writes them", () => {
  for (const { text, ...violation } of casesIn("numbers.json").reasons)
    assert.deepEqual(reasonTexts(TEMPERATURE, [violation, violation]), [text, text]);
});

test("counts have a separator of thousands", () => {
  assert.equal(whole.format(1234567), "1,234,567");
  assert.equal(anomaliesText(0), "0 anomalies");
  assert.equal(anomaliesText(1), "1 anomaly");
  assert.equal(anomaliesText(1234), "1,234 anomalies");
});

test("a spread of one value is that value", () => {
  assert.equal(spreadText(TEMPERATURE, 36, 37.5), "36.00 to 37.50");
  assert.equal(spreadText(TEMPERATURE, 37.001, 37.002), "37.00");
});

test("the anomalies of an interval: number, spread and times", () => {
  const mark = {
    anomalies: 3,
    low: 36,
    high: 41,
    start: Date.parse("2026-01-31T11:00:00Z"),
    end: Date.parse("2026-01-31T11:10:00Z"),
  };
  assert.equal(markText(TEMPERATURE, mark), "3 anomalies, 36.00 to 41.00 °C, 12:00:00 to 12:10:00");
});

test("the value at a moment: a measurement, a mean with its extremes, or nothing", () => {
  assert.equal(momentValueText(TEMPERATURE, { value: 37 }), "37.00 °C");
  assert.equal(momentValueText(TEMPERATURE, { value: 37, low: 36, high: 38 }), "37.00 °C (36.00 to 38.00)");
  assert.equal(momentValueText(TEMPERATURE, { value: 37, low: 37, high: 37 }), "37.00 °C");
  assert.equal(momentValueText(TEMPERATURE, null), "nothing measured");
});
