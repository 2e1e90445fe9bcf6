// The order of cards, as the server has it (monitoring/dashboard/cards.py): the most urgent first, and otherwise that of
// the tags.
import { settings, tags } from "../base/settings.js";

/**
 * Return the cards in the order of their tags in the settings. The page may have been made in another, by urgency.
 * @template {{tag: {name: string}}} CardLike
 * @param {Iterable<CardLike>} cards
 */
export function inTagOrder(cards) {
  const places = new Map([...tags.keys()].map((name, i) => [name, i]));
  /** @param {CardLike} card */
  const placeOf = ({ tag }) => places.get(tag.name) ?? places.size;
  return [...cards].sort((one, other) => placeOf(one) - placeOf(other));
}

/**
 * Return the items by urgency, the highest first; items of equal urgency stay in order.
 * @template {{urgency: number}} Item
 * @param {Item[]} items
 */
export const urgentFirst = (items) => [...items].sort((one, other) => other.urgency - one.urgency);

/**
 * Return the items by group, the most urgent groups and items first, the demo vessel's group last. Otherwise items stay
 * in order; groups are in the order of their first items, the group of all other tags last.
 * @template {{group: string, urgency: number}} Item
 * @param {Item[]} items
 */
export function inGroups(items) {
  const groups = Map.groupBy(items, ({ group }) => group);
  const isOther = (/** @type {string} */ group) => Number(group === settings.otherGroup);
  const names = [...groups.keys()].sort((one, other) => isOther(one) - isOther(other));
  const sorted = names.map((group) => urgentFirst(groups.get(group) ?? []));
  const byUrgency = urgentFirst(
    sorted.map((found) => ({ group: found[0].group, urgency: found[0].urgency, items: found })),
  );
  const isDemo = (/** @type {{group: string}} */ { group }) => Number(group === settings.demoGroup);
  return byUrgency.sort((one, other) => isDemo(one) - isDemo(other));
}
