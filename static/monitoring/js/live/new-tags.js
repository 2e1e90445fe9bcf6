// Tags that appear while the page is open: their cards come from the server, as those of the page did.
import { get, RequestFailed } from "../base/request.js";
import { settings, tags } from "../base/settings.js";

const EVERY_MS = 30000;

/** Looks for tags that the page does not know, unless it has a part only; `found(page)` takes the page that has them. */
export function watchForTags(found) {
  if (settings.part) return;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const { body } = await get(settings.urls.tags);
      if (body.tags.some((name) => !tags.has(name))) await found();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error; // the next look will do
    }
  }, EVERY_MS);
}

/** The page as the server would make it now: {document, settings}; null if it can't be had. */
export async function pageNow() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(
    () => null,
  );
  if (!response?.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("settings");
  return found && { document: page, settings: JSON.parse(found.textContent) };
}

/** Puts the other page's new cards and choices into this one; gives the cards, null if only a reload will do. */
export function adoptCards(page) {
  const known = new Set([...document.querySelectorAll(".card")].map((card) => card.dataset.tag));
  const fresh = [...page.document.querySelectorAll(".card")].filter((card) => !known.has(card.dataset.tag));
  const hadGroups = Boolean(document.getElementById("group"));
  // Headings come or go, or this is the first card of all: the page is built otherwise.
  if (hadGroups !== Boolean(page.document.getElementById("group")) || !known.size) return null;
  for (const tag of page.settings.tags) if (!tags.has(tag.name)) tags.set(tag.name, tag);
  for (const card of fresh) placeFor(card.closest(".group")).append(document.adoptNode(card));
  for (const id of ["tag", "group"]) adoptOptions(document.getElementById(id), page.document.getElementById(id));
  return fresh;
}

/** This page's section for the other page's group. */
function placeFor(section) {
  const here = [...document.querySelectorAll(".group")].find((group) => group.dataset.group === section.dataset.group);
  if (here) return here;
  const copy = document.importNode(section, true);
  for (const card of copy.querySelectorAll(".card")) card.remove();
  return document.getElementById("cards").appendChild(copy);
}

function adoptOptions(select, other) {
  if (!select) return;
  const { value } = select;
  select.replaceChildren(...[...other.options].map((option) => document.adoptNode(option)));
  select.value = value;
}
