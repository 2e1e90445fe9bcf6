// A range that is typed in: two times in the viewer's zone.
import { setAttribute, setText } from "../base/dom.js";
import { zoneText } from "../base/times.js";
import { onViewChange, rangeShown, showPast, view } from "./view.js";
import { words } from "../base/words.js";

const panel = document.getElementById("custom");
const inputs = [document.getElementById("from"), document.getElementById("to")];
const refused = document.getElementById("custom-refused");

/** Wires the panel; gives what applies the range when the form is sent. */
export function wireCustomRange(end) {
  setText(document.getElementById("custom-zone"), `Times: ${zoneText()}`);
  panel.addEventListener("toggle", () => {
    if (!panel.open) return;
    refuse(null);
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

function apply(end) {
  if (!panel.open) return;
  const [from, to] = inputs.map(({ value }) => new Date(value).getTime());
  const reason = reasonAgainst(from, to, end);
  refuse(reason);
  if (reason) return;
  close();
  showPast(from, to, end, { isChoice: true });
}

function reasonAgainst(from, to, end) {
  if (Number.isNaN(from) || Number.isNaN(to)) return "incomplete";
  if (from >= to) return "reversed";
  return from >= end ? "future" : null;
}

function refuse(reason) {
  setText(refused, reason ? words.refused[reason] : "");
  for (const input of inputs) setAttribute(input, "aria-invalid", String(Boolean(reason)));
}

function close() {
  panel.open = false;
  panel.querySelector("summary").focus();
}

/** The time as the input has it: local, without its zone. */
function inputText(ms) {
  const local = new Date(ms);
  local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
  return local.toISOString().slice(0, 19);
}
