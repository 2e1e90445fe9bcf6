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
  let count = 0;
  for (const [name, { element }] of cards) {
    const isShown =
      (view.tag ? name === view.tag : !isBeside(name)) && (!view.group || groupOf(element) === view.group);
    element.hidden = !isShown;
    count += Number(isShown);
  }
  container.dataset.layout = view.tag ? "one" : count > settings.mostCharts ? "many" : "all";
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
const groupOf = (element) => element.closest(".group")?.dataset.group ?? "";

/** @param {Cards} cards */
function sort(cards) {
  const items = inTagOrder(cards.values()).map(({ element, urgency }) => ({
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
