// A range that the viewer types: two times in the viewer's time zone.
import { descendant, setAttribute, setText } from "../base/dom.js";
import { inputText } from "../base/time-input.js";
import { zoneText } from "../base/times.js";
import { onViewChange, rangeShown, showPast, view } from "./view-state.js";
import { words } from "../base/words.js";

/** @typedef {"incomplete" | "reversed" | "future"} RejectionReason */

const panel = document.getElementById("custom");
const inputs = [document.getElementById("from"), document.getElementById("to")];
const rejection = document.getElementById("custom-refused");

/**
 * Wire the panel. Return a function that applies the range when the form is submitted.
 * @param {() => number} end returns the newest time that charts can show
 */
export function wireCustomRange(end) {
  setText(document.getElementById("custom-zone"), `Times: ${zoneText()}`);
  panel.addEventListener("toggle", () => {
    if (!panel.open) return;
    showRejection(null);
    const { from, to } = rangeShown(end());
    [from, to].forEach((ms, i) => (inputs[i].value = inputText(ms)));
    inputs[0].focus();
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

/** @param {number} end */
function apply(end) {
  if (!panel.open) return;
  const [from, to] = inputs.map(({ value }) => new Date(value).getTime());
  const reason = rejectionOf(from, to, end);
  showRejection(reason);
  if (reason) return;
  close();
  showPast(from, to, end, { isChoice: true });
}

/**
 * Return why a range is rejected; null if it is valid.
 * @param {number} from NaN if the input is empty
 * @param {number} to
 * @param {number} end
 * @returns {RejectionReason | null}
 */
function rejectionOf(from, to, end) {
  if (Number.isNaN(from) || Number.isNaN(to)) return "incomplete";
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
