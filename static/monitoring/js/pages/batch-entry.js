// The forms of samples and notes: times in the viewer's zone, the stored name, one sending a form. All works without it, in UTC.
import { storedName, storeName } from "../app/alarm-acts.js";
import { setText } from "../base/dom.js";
import { inputText } from "../base/time-input.js";
import { localiseTimes, zoneText } from "../base/times.js";

const at = document.getElementById("at");
/** @type {WeakSet<Element>} forms that are on their way */
const sent = new WeakSet();

localiseTimes();
setText(document.getElementById("zone"), zoneText());
if (at) showLocally(at);
for (const input of namesOf(document)) input.value ||= storedName();
for (const form of document.querySelectorAll("form[method=post]")) wire(/** @type {HTMLFormElement} */ (form));
window.addEventListener("pageshow", () => localiseTimes());

/** @param {ParentNode} root */
function namesOf(root) {
  return /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("input[name=name]"));
}

/**
 * Show the other time in the viewer's zone: the server writes and reads it in UTC.
 * @param {HTMLInputElement} input
 */
function showLocally(input) {
  const ms = Date.parse(`${input.value}Z`);
  if (!Number.isNaN(ms)) input.value = inputText(ms);
  setText(document.getElementById("at-zone"), zoneText());
}

/** @param {HTMLFormElement} form */
function wire(form) {
  form.addEventListener("submit", (event) => {
    if (sent.has(form)) event.preventDefault(); // a double tap is one entry
    sent.add(form);
    for (const input of namesOf(form)) storeName(input.value.trim());
  });
  form.addEventListener("formdata", ({ formData }) => {
    const ms = Date.parse(String(formData.get("at") ?? ""));
    if (!Number.isNaN(ms)) formData.set("at", new Date(ms).toISOString());
  });
  form.addEventListener("keydown", goOn);
  window.addEventListener("pageshow", () => sent.delete(form)); // back from the page after
}

/**
 * Go to the next number with Enter: the key of a phone would send the form half filled in.
 * @param {KeyboardEvent} event
 */
function goOn(event) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (event.key !== "Enter" || input.enterKeyHint !== "next") return;
  const numbers = [...(input.form?.querySelectorAll("input[enterkeyhint=next]") ?? [])];
  const following = numbers.slice(numbers.indexOf(input) + 1).find((each) => each.checkVisibility());
  if (!following) return;
  event.preventDefault();
  /** @type {HTMLInputElement} */ (following).focus();
}
