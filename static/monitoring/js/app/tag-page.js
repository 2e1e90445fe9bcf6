// The subset of the tags that the server chose for this page, of a plant with more tags than one page can show.
import { pageNow } from "../live/new-tags.js";
import { get, RequestFailed } from "../base/request.js";
import { settings, tags } from "../base/settings.js";
import { chooseSearch, choosePage, view } from "./view-state.js";

const LOOK_EVERY_MS = 60000;
const MOST_LOADED = 10; // definitions that are requested at the same time
const { chosen } = settings;

/** The subset of the tags on this page; null if the page has all tags. */
export const tagPage = settings.part;

const onPage = new Set([...document.querySelectorAll(".card")].map((card) => card.dataset.tag));
const text = document.getElementById("part-text");
const changed = document.getElementById("part-changed");
/** @type {Set<string>} tags without a definition */
const failed = new Set();
let countedTo = settings.totals?.newestId ?? 0;
let dataAt = tagPage?.newest ?? null;

/**
 * Return whether the tag has a card on this page.
 * @param {string} tag
 */
export const isOnPage = (tag) => onPage.has(tag);

/**
 * Return the tag to choose so that the charts show this one: the tag itself, unless its card is on this page.
 * @param {string} tag
 */
export const tagToShow = (tag) => (tagPage && !onPage.has(tag) ? tag : view.tag);

/** Return whether the view needs tags, or an order of charts, that only another page has. */
export function isElsewhere() {
  if (view.charts.join() !== chosen.charts.join()) return true;
  if (!tagPage) return false;
  if (view.compare.some((name) => !onPage.has(name))) return true;
  if (view.tag) return !onPage.has(view.tag);
  return (
    chosen.tag !== "" || view.group !== chosen.group || view.search !== tagPage.search || view.page !== tagPage.page
  );
}

/**
 * Return whether a tag is on the page only to be compared with others.
 * @param {string} tag
 */
export const isBeside = (tag) => tagPage?.beside.includes(tag) ?? false;

/** Show how many tags the page has. */
export function showTagPage() {
  if (text && tagPage) text.textContent = view.tag && !chosen.tag ? `Only ${view.tag} is shown.` : tagPage.text;
}

/** Return the time of the newest known measurement of any tag in epoch milliseconds; null before the first. */
export const newestOfAll = () => dataAt;

/**
 * Note the server's count. A higher count means new data, possibly of tags on other pages.
 * @param {{newestId: number}} counted
 * @param {number} now epoch milliseconds
 */
export function noteCount({ newestId }, now) {
  if (newestId > countedTo) dataAt = now;
  countedTo = newestId;
}

/**
 * Load the definitions of tags that the page does not know.
 * @param {string[]} names
 */
export async function loadDefinitions(names) {
  const unknown = [...new Set(names)].filter((name) => !tags.has(name) && !failed.has(name));
  await Promise.all(unknown.slice(0, MOST_LOADED).map(loadDefinition));
}

/** @param {string} name */
async function loadDefinition(name) {
  try {
    const { body } = await get(`${settings.urls.tags}/${encodeURIComponent(name)}`);
    const { kind, states, unit, decimals, most_decimals: mostDecimals, active } = body;
    const { lower, upper } = body.limits;
    const { staleAfterMs } = settings;
    tags.set(name, {
      name,
      shownName: body.display_name || name,
      kind,
      states,
      sources: [],
      unit,
      lower,
      upper,
      decimals,
      mostDecimals,
      active,
      staleAfterMs,
      rawFrom: null,
      newestAnomaly: null,
    });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    failed.add(name);
  }
}

/** Wire the search and the links to other pages, and check regularly whether other tags are more urgent. */
export function wireTagPage() {
  const form = document.getElementById("part");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    chooseSearch(form.elements.search.value.trim());
  });
  form.addEventListener("click", (event) => {
    const { page } = /** @type {HTMLElement} */ (event.target).dataset;
    if (!page || event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens another tab
    event.preventDefault();
    choosePage(Number(page));
  });
  setInterval(look, LOOK_EVERY_MS);
}

/** Offer a reload if the server would show other tags now. The cards are not replaced while somebody uses them. */
async function look() {
  if (document.hidden || !tagPage || view.tag !== chosen.tag) return;
  const page = await pageNow();
  if (!page?.settings.part || !page.settings.database) return;
  tagPage.text = page.settings.part.text;
  showTagPage();
  const others = [...page.document.querySelectorAll(".card")].filter((card) => !onPage.has(card.dataset.tag));
  if (others.length) offer(others.length);
  else changed?.replaceChildren();
}

/** @param {number} count of tags that this page lacks */
function offer(count) {
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = "Show them";
  again.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  changed?.replaceChildren(`${count === 1 ? "Another tag comes" : `${count} other tags come`} first by now. `, again);
}
