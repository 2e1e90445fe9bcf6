// Fields of times in the filters of lists: shown in the viewer's zone, as the lists are. The server writes and reads UTC.
import { setText } from "../base/dom.js";
import { inputText } from "../base/time-input.js";
import { zoneText } from "../base/times.js";

/**
 * Return a field's time in the viewer's zone; a text that is no time stays.
 * @param {string} utc as 2026-01-31T12:30, in UTC
 */
export function localText(utc) {
  const ms = Date.parse(`${utc}Z`);
  return Number.isNaN(ms) ? utc : inputText(ms);
}

/**
 * Return a field's time in UTC; a text that is no time stays. Where clocks repeat an hour, the first one is meant.
 * @param {string} local as 2026-01-31T13:30, in the viewer's zone
 */
export function utcText(local) {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? local : new Date(ms).toISOString().slice(0, 19);
}

/** Show and take the times of the page's filters in the viewer's zone. */
export function wireTimeFilters() {
  for (const node of document.querySelectorAll("form.filters")) {
    const form = /** @type {HTMLFormElement} */ (node);
    const fields = [.../** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[type=datetime-local]"))];
    // From what the server wrote: a browser that goes back fills in the local time that it showed.
    for (const field of fields) field.value = localText(field.defaultValue);
    // As the browser has them: it may leave out seconds. An unchanged time goes back as it came.
    const filled = fields.map((field) => field.value);
    for (const zone of form.querySelectorAll(".field-zone")) setText(zone, zoneText());
    form.addEventListener("formdata", ({ formData }) => {
      for (const [index, { name, value, defaultValue }] of fields.entries()) {
        formData.set(name, value === filled[index] ? defaultValue : utcText(value));
      }
    });
  }
}
