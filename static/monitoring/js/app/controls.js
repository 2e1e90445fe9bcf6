// The form above the cards. Without scripts it is an ordinary form that the server evaluates.
import { wireCustomRange } from "./custom-range.js";
import { haveCharts } from "./card-list.js";
import { adjust, chooseGroup, chooseShow, chooseTag, goLive, onViewChange, view } from "./view-state.js";

/**
 * The movements of the range by the buttons; the keys of a chart do the same.
 * @satisfies {Record<string, import("./view-state.js").Movement>}
 */
export const MOVES = { in: { stretch: 0.5 }, out: { stretch: 2 }, earlier: { move: -0.5 }, later: { move: 0.5 } };

/**
 * Wire the form.
 * @param {() => number} end returns the newest time that charts can show
 */
export function wireControls(end) {
  const form = document.getElementById("controls");
  const applyCustomRange = wireCustomRange(end);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyCustomRange();
  });
  form.addEventListener("change", ({ target }) => {
    const { name, value } = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
    if (name === "tag") chooseTag(value);
    if (name === "group") chooseGroup(value);
    if (name === "range") goLive(value);
    if (name === "show") chooseShow(value);
  });
  form.addEventListener("click", ({ target }) => {
    const move = /** @type {Element} */ (target).closest("[data-move]")?.dataset.move;
    if (move) adjust(MOVES[/** @type {keyof typeof MOVES} */ (move)], end(), true);
  });
  const sync = () => {
    form.elements.tag.value = view.tag;
    if (form.elements.group) form.elements.group.value = view.group;
    for (const radio of form.elements.range) radio.checked = !view.past && radio.value === view.preset;
  };
  onViewChange(sync);
  sync(); // a browser that restores a page also restores the radio buttons
}

/** Show whether the page has charts; to be called when the layout has changed. */
export function syncLayout() {
  for (const radio of document.getElementById("controls").elements.show)
    radio.checked = (radio.value === "charts") === haveCharts();
}

/** Enable zooming once there are charts. */
export const allowZoom = () => document.getElementById("zoom").removeAttribute("disabled");
