// The form above the cards. Without scripts it is an ordinary form that asks the server.
import { setAttribute } from "./dom.js";
import { adjustZoom, choose, onViewChange, resetZoom, view } from "./view.js";

const STEPS = { in: { stretch: 0.5 }, out: { stretch: 2 }, earlier: { move: -0.5 }, later: { move: 0.5 } };

/** Wires the form; `end()` is the right edge of time. */
export function wireControls(end) {
  const form = document.getElementById("controls");
  const reset = form.querySelector("[data-zoom=reset]");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    choose({ tag: form.elements.tag.value, window: form.elements.window.value });
  });
  form.addEventListener("click", ({ target }) => {
    const step = target.closest("[data-zoom]")?.dataset.zoom;
    if (step === "reset") resetZoom();
    else if (step) adjustZoom(STEPS[step], end());
  });
  // Not `disabled`: that would take the focus away from who has just pressed it.
  const sync = () => setAttribute(reset, "aria-disabled", String(view.zoom === null));
  onViewChange(sync);
  sync();
}

/** Zooming makes sense once there are charts. */
export const allowZoom = () => document.getElementById("zoom").removeAttribute("disabled");
