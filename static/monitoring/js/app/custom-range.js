// A range that the viewer types or takes from the calendar, in the viewer's time zone.
import { calendarRange, dayRange } from "../base/calendar.js";
import { descendant, setAttribute, setText } from "../base/dom.js";
import { choiceOf, inputText, timesOfInput, typedTime } from "../base/time-input.js";
import { zoneText } from "../base/times.js";
import { offsetText } from "../base/wall-time.js";
import { onViewChange, rangeShown, showPast, view } from "./view-state.js";
import { words } from "../base/words.js";

/** @typedef {"incomplete" | "skipped" | "reversed" | "future"} RejectionReason */

const panel = document.getElementById("custom");
const inputs = [document.getElementById("from"), document.getElementById("to")];
const offsets = [document.getElementById("from-offset"), document.getElementById("to-offset")];
const day = document.getElementById("day");
const zone = document.getElementById("custom-zone");
const rejection = document.getElementById("custom-refused");
/** @type {(import("../base/time-input.js").FilledTime | null)[]} what the inputs were filled with */
let filled = [null, null];

/**
 * Wire the panel. Return a function that applies the range when the form is submitted.
 * @param {() => number} end returns the newest time that charts can show
 */
export function wireCustomRange(end) {
  setText(zone, `Times: ${zoneText()}`);
  panel.addEventListener("toggle", () => panel.open && fill(rangeShown(end())));
  inputs.forEach((input, i) => input.addEventListener("input", () => offerOffsets(i, i)));
  panel.addEventListener("click", ({ target }) => {
    const name = /** @type {Element} */ (target).closest("[data-days]")?.dataset.days;
    if (name) accept(calendarRange(name, end()), end());
  });
  day.addEventListener("change", () => {
    if (!day.value) return;
    const range = dayRange(day.value, end());
    if (range) accept(range, end());
    else showRejection("future");
  });
  panel.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  document.addEventListener("pointerdown", ({ target }) => {
    if (panel.open && !panel.contains(/** @type {Node} */ (target))) panel.open = false;
  });
  const sync = () => panel.toggleAttribute("data-chosen", Boolean(view.past));
  onViewChange(sync);
  sync();
  return () => apply(end());
}

/** @param {import("../base/settings.js").TimeRange} range */
function fill({ from, to }) {
  showRejection(null);
  filled = [from, to].map((ms) => ({ text: inputText(ms), ms }));
  filled.forEach((time, i) => {
    if (!time) return;
    inputs[i].value = time.text;
    offerOffsets(i, choiceOf(time));
  });
  setText(zone, `Times: ${zoneText(from, to)}`);
  day.value = "";
  inputs[0].focus();
}

/**
 * Offer both offsets of a time that the clocks show twice.
 * @param {number} i of the input
 * @param {number} choice the offset that is chosen at first
 */
function offerOffsets(i, choice) {
  const times = timesOfInput(inputs[i].value) ?? [];
  offsets[i].hidden = times.length < 2;
  offsets[i].replaceChildren(...times.map((ms, at) => new Option(offsetText(ms), String(at), false, at === choice)));
}

/** @param {number} end */
function apply(end) {
  if (!panel.open) return;
  const [from, to] = inputs.map(({ value }, i) => typedTime(value, filled[i], Number(offsets[i].value || 0)));
  const wrong = [from, to].find((time) => typeof time === "string");
  if (typeof from === "string" || typeof to === "string")
    return showRejection(wrong === "skipped" ? wrong : "incomplete");
  const reason = rejectionOf(from, to, end);
  if (reason) return showRejection(reason);
  if (filled[0]?.ms === from && filled[1]?.ms === to) return close(); // nothing was changed
  accept({ from, to }, end);
}

/**
 * @param {import("../base/settings.js").TimeRange} range
 * @param {number} end
 */
function accept({ from, to }, end) {
  close();
  showPast(from, to, end, { isChoice: true, isStill: true });
}

/**
 * Return why a range is rejected; null if it is valid.
 * @param {number} from
 * @param {number} to
 * @param {number} end
 * @returns {RejectionReason | null}
 */
function rejectionOf(from, to, end) {
  if (from >= to) return "reversed";
  return from >= end ? "future" : null;
}

/** @param {RejectionReason | null} reason */
function showRejection(reason) {
  setText(rejection, reason ? words.refused[reason] : "");
  for (const input of inputs) setAttribute(input, "aria-invalid", String(Boolean(reason)));
}

function close() {
  panel.open = false;
  descendant(panel, "summary").focus();
}
