// Fields for times in UTC: as somebody types, the hint tells the same time on the viewer's clock.
import { setText } from "../base/dom.js";
import { momentText } from "../base/times.js";

/**
 * Return the hint of a field: the server's, or with a time what the viewer's clock shows then.
 * @param {string} value of the field, as 2026-01-31T12:30
 * @param {string} hint
 */
export function hintFor(value, hint) {
  const ms = Date.parse(`${value}Z`);
  return Number.isNaN(ms) ? hint : `UTC: ${momentText(ms)} on your clock.`;
}

/** Let each field of the page tell the viewer's time. */
export function wireUtcFields() {
  for (const field of document.querySelectorAll("input[type=datetime-local]")) {
    const input = /** @type {HTMLInputElement} */ (field);
    const node = input.closest(".field")?.querySelector(".hint");
    if (!node) continue;
    const hint = node.textContent ?? "";
    const show = () => setText(node, hintFor(input.value, hint));
    input.addEventListener("input", show);
    show();
  }
}
