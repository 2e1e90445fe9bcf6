// Which cards are shown, with or without charts, and in which order: what needs a person comes first.
import { isBeside } from "./part.js";
import { settings } from "../base/settings.js";
import { view } from "./view.js";

const SORT_EVERY_MS = 5000;
const container = document.getElementById("cards");

/** Whether the cards that are shown have room for their charts. */
export const haveCharts = () => container.dataset.layout !== "many";

/** Sorts the cards now and then; `cards` are the page's by their tags' names. */
export function keepSorted(cards) {
  setInterval(() => {
    // Nobody is to read or click what moves away.
    if (!document.hidden && !container.matches(":hover, :focus-within")) sort(cards);
  }, SORT_EVERY_MS);
}

/** Shows the cards that the view is of. */
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

/** Brings the tag's card into sight. */
export function reveal(cards, tag) {
  cards.get(tag)?.element.scrollIntoView({ block: "nearest" });
}

const groupOf = (element) => element.closest(".group").dataset.group;

function sort(cards) {
  const groups = new Map([...groupNames(cards)].map((name) => [name, []]));
  for (const card of cards.values()) groups.get(groupOf(card.element)).push(card);
  const sections = [...groups.values()].map((members) => {
    const sorted = urgentFirst(members);
    const section = members[0].element.parentElement;
    putInOrder(
      section,
      sorted.map(({ element }) => element),
    );
    return { section, urgency: sorted[0].urgency };
  });
  putInOrder(
    container,
    urgentFirst(sections).map(({ section }) => section),
  );
}

/** The groups in the order of their first tags, the one of all others last: as the server has them. */
function groupNames(cards) {
  const names = new Set([...cards.values()].map(({ element }) => groupOf(element)));
  const hadOther = names.delete(settings.otherGroup);
  return hadOther ? names.add(settings.otherGroup) : names;
}

const urgentFirst = (items) => [...items].sort((one, other) => other.urgency - one.urgency);

/** Moves only what is out of place, to behind everything else that the parent holds. */
function putInOrder(parent, nodes) {
  const offset = parent.children.length - nodes.length;
  nodes.forEach((node, i) => {
    const there = parent.children[offset + i];
    if (there !== node) parent.insertBefore(node, there);
  });
}
