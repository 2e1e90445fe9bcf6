// Which cards are visible, with or without charts, and in which order: the most urgent first.
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
  const groups = Map.groupBy(cards.values(), ({ element }) => groupOf(element));
  const sections = [...groupNames(cards)].flatMap((name) => {
    const sorted = urgentFirst(groups.get(name) ?? []);
    const section = sorted[0]?.element.parentElement;
    if (!section) return [];
    putInOrder(
      section,
      sorted.map(({ element }) => element),
    );
    return [{ section, urgency: sorted[0].urgency }];
  });
  putInOrder(
    container,
    urgentFirst(sections).map(({ section }) => section),
  );
}

/**
 * Return the groups in the order of their first tags, the group of all other tags last, as the server does.
 * @param {Cards} cards
 */
function groupNames(cards) {
  const names = new Set([...cards.values()].map(({ element }) => groupOf(element)));
  const hadOther = names.delete(settings.otherGroup);
  return hadOther ? names.add(settings.otherGroup) : names;
}

/** @type {<T extends {urgency: number}>(items: T[]) => T[]} */
const urgentFirst = (items) => [...items].sort((one, other) => other.urgency - one.urgency);

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
