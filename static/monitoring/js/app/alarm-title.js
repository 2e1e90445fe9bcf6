// The number of alarms that wait for a person, in the browser tab: title and icon.
import { setAttribute } from "../base/dom.js";

const SHAPES = {
  critical: '<path d="M15 5h12l5 5v12l-5 5H15l-5-5V10Z"/>',
  high: '<path d="M21 3 34 16 21 29 8 16Z"/>',
  medium: '<path d="M10 5h22v22H10Z"/>',
  low: '<circle cx="21" cy="16" r="12"/>',
};
const COLOURS = { critical: "#c4161c", high: "#b34700", medium: "#7d5c00", low: "#7a2f9e" };
const title = document.title;
const icon = document.getElementById("favicon");
const address = icon.getAttribute("href") ?? "";

/**
 * @param {number} count of alarms that nobody has acknowledged
 * @param {string | null} priority the highest of them
 */
export function showInTab(count, priority) {
  const text = count ? `(${count}) ${title}` : title;
  if (document.title !== text) document.title = text;
  const kind = /** @type {keyof typeof SHAPES | null} */ (priority);
  setAttribute(icon, "href", count && kind ? iconOf(count, kind) : address);
}

/**
 * @param {number} count
 * @param {keyof typeof SHAPES} priority
 */
function iconOf(count, priority) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="5 0 32 32"><g fill="${COLOURS[priority]}">${SHAPES[priority]}</g><text x="21" y="21.5" font-family="sans-serif" font-size="15" font-weight="700" text-anchor="middle" fill="#fff">${count > 99 ? "99" : count}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
