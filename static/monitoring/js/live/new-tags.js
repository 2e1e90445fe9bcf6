// Tags that are created while the page is open. Their cards come from the server, like those of the page.
import { get, RequestFailed } from "../base/request.js";
import { settings, tags } from "../base/settings.js";

const EVERY_MS = 30000;

/**
 * A page from the server, parsed.
 * @typedef {{document: Document, settings: import("../base/settings.js").Settings}} ServedPage
 */

/**
 * Call `found` when the server has tags that the page does not know. A page with a subset of the tags does not look.
 * @param {() => Promise<void>} found
 */
export function watchForTags(found) {
  if (settings.part) return;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      /** @type {{body: {tags: string[]}}} */
      const { body } = await get(settings.urls.tags);
      if (body.tags.some((name) => !tags.has(name))) await found();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error; // the next attempt follows
    }
  }, EVERY_MS);
}

/**
 * Return this page as the server makes it now; null if the request fails.
 * @returns {Promise<ServedPage | null>}
 */
export async function pageNow() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(
    () => null,
  );
  if (!response?.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("settings");
  return found && { document: page, settings: JSON.parse(found.textContent ?? "") };
}

/**
 * Return whether a page shows all tags of this one with the same definitions; it may have more.
 * @param {ServedPage} page
 */
export function isSameOrMore(page) {
  const cards = new Set([...page.document.querySelectorAll(".card")].map((card) => card.dataset.tag));
  const areAllThere = [...document.querySelectorAll(".card")].every((card) => cards.has(card.dataset.tag));
  const isSame = page.settings.tags.every(
    ({ name, definition }) => (tags.get(name) ?? { definition }).definition === definition,
  );
  return areAllThere && isSame;
}

/**
 * Move the new cards and choices of another page into this one. Return the cards; null if only a reload will do.
 * @param {ServedPage} page
 */
export function adoptCards(page) {
  const known = new Set([...document.querySelectorAll(".card")].map((card) => card.dataset.tag));
  const fresh = [...page.document.querySelectorAll(".card")].filter((card) => !known.has(card.dataset.tag));
  const hadGroups = Boolean(document.getElementById("group"));
  // Headings appear or disappear, or this is the first card: the page has another structure.
  if (hadGroups !== Boolean(page.document.getElementById("group")) || !known.size) return null;
  for (const tag of page.settings.tags) if (!tags.has(tag.name)) tags.set(tag.name, tag);
  for (const card of fresh) sectionFor(card.closest(".group")).append(document.adoptNode(card));
  adoptOptions(document.getElementById("tag"), page.document.getElementById("tag"));
  adoptOptions(document.getElementById("group"), page.document.getElementById("group"));
  return fresh;
}

/**
 * Return this page's section for a group of the other page; create it if this page has none.
 * @param {HTMLElement | null} section
 */
function sectionFor(section) {
  if (!section) throw new Error("A card lies outside a group");
  const here = [...document.querySelectorAll(".group")].find(
    (group) => group.dataset.group === section.dataset.group && !("chosen" in group.dataset),
  );
  if (here) return here;
  const copy = document.importNode(section, true);
  for (const card of copy.querySelectorAll(".card")) card.remove();
  return document.getElementById("cards").appendChild(copy);
}

/**
 * @param {HTMLSelectElement | null} select
 * @param {HTMLSelectElement | null} other
 */
function adoptOptions(select, other) {
  if (!select || !other) return;
  const { value } = select;
  select.replaceChildren(...[...other.options].map((option) => document.adoptNode(option)));
  select.value = value;
}
