// Which cards are visible, with or without charts, and in which order: the most urgent first.
import { inGroups, inTagOrder } from "./card-order.js";
import { isBeside } from "./tag-page.js";
import { settings } from "../base/settings.js";
import { view } from "./view-state.js";

/** @typedef {Map<string, import("./card.js").Card>} Cards by the tags' names */

const SORT_EVERY_MS = 5000;
const container = document.getElementById("cards");

/** Return whether the visible cards have room for charts. */
export const haveCharts = () => container.dataset.layout !== "many";

/**
 * Sort the cards regularly.
 * @param {Cards} cards
 */
export function keepSorted(cards) {
  setInterval(() => {
    // A card must not move away under the pointer or focus.
    if (!document.hidden && !container.matches(":hover, :focus-within")) sort(cards);
  }, SORT_EVERY_MS);
}

/**
 * Show the cards of the view and hide the others.
 * @param {Cards} cards
 */
export function showChosen(cards) {
  const shown = [];
  for (const [name, { element }] of cards) {
    const isShown = view.tag ? name === view.tag : !isBeside(name) && isChosen(name, groupOf(element));
    element.hidden = !isShown;
    if (isShown) shown.push(groupOf(element));
  }
  const plant = shown.filter((group) => group !== settings.demoGroup);
  const counted = plant.length ? plant : shown; // the demo vessel alone does not change a plant's page
  container.dataset.layout = layoutOf(view, counted.length, new Set(counted).size);
}

/** @type {(name: string, group: string) => boolean} */
const isChosen = (name, group) =>
  (!view.group || group === view.group) && (!view.charts.length || view.charts.includes(name));

/**
 * Return the layout of so many cards under so many headings. monitoring/dashboard/view_state.py has the same rule.
 * @param {Pick<import("./view-state.js").ViewState, "tag" | "show" | "charts">} view
 * @param {number} shown
 * @param {number} headings
 */
export function layoutOf({ tag, show, charts }, shown, headings) {
  if (tag) return "one";
  if (show === "values") return "many";
  if (shown <= settings.mostCharts) return "all";
  return show || charts.length || headings === 1 ? "stack" : "many";
}

/**
 * Scroll the tag's card into view.
 * @param {Cards} cards
 * @param {string} tag
 */
export function reveal(cards, tag) {
  cards.get(tag)?.element.scrollIntoView({ block: "nearest" });
}

/** @param {Element} element */
const groupOf = (element) => /** @type {HTMLElement} */ (element).dataset.group ?? "";

/** @param {Cards} cards */
function sort(cards) {
  const unordered = [...cards.values()].filter(({ tag }) => !view.charts.includes(tag.name)); // the viewer ordered the rest
  const items = inTagOrder(unordered).map(({ element, urgency }) => ({
    element,
    urgency,
    group: groupOf(element),
  }));
  const groups = inGroups(items).map(({ items: found }) => found.map(({ element }) => element));
  const sections = groups.flatMap(([first]) => first.parentElement ?? []);
  groups.forEach((elements, i) => putInOrder(sections[i], elements));
  putInOrder(container, sections);
}

/**
 * Put the nodes in order at the end of the parent; move only those that are out of place.
 * @param {Element} parent
 * @param {Element[]} nodes
 */
function putInOrder(parent, nodes) {
  const offset = parent.children.length - nodes.length;
  nodes.forEach((node, i) => {
    const there = parent.children[offset + i];
    if (there !== node) parent.insertBefore(node, there);
  });
}
