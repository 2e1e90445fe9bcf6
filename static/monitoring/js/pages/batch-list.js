// The list of batches: tells how many are ticked to be compared.
import { wireTimeFilters } from "../app/time-filters.js";
import { choiceText } from "../batches/choice.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

const form = document.getElementById("compare-form");
const hint = document.getElementById("compare-hint");
const button = document.getElementById("compare-button");

function show() {
  const count = form.querySelectorAll("input[name=batch]:checked").length;
  const { text, isPossible } = choiceText(count, Number(hint.dataset.most));
  setText(hint, text);
  button.disabled = !isPossible;
}

form.addEventListener("change", show);
localiseTimes();
wireTimeFilters();
setText(document.getElementById("zone"), zoneText());
show();
