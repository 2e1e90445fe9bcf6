// The page of a plant with more tags than one page bears has a part of them, as the server chose them.
import { pageNow } from "../live/new-tags.js";
import { get, RequestFailed } from "../base/request.js";
import { settings, tags } from "../base/settings.js";
import { chooseSearch, choosePage, view } from "./view.js";

const LOOK_EVERY_MS = 60000;
const MOST_LEARNED = 10; // definitions that are asked for at once
const { chosen } = settings;

/** {beside, search, page, text, newest}; null if all tags are on the page. */
export const { part } = settings;

const onPage = new Set([...document.querySelectorAll(".card")].map((card) => card.dataset.tag));
const text = document.getElementById("part-text");
const changed = document.getElementById("part-changed");
const failed = new Set(); // tags that could not be learned
let countedTo = settings.totals?.newestId ?? 0;
let dataAt = part?.newest ?? null;

/** Whether the tag has a card here. */
export const isOnPage = (tag) => onPage.has(tag);

/** The tag to choose, to see what was measured of this one: itself, unless its card is here. */
export const tagToShow = (tag) => (part && !onPage.has(tag) ? tag : view.tag);

/** Whether the view is of tags that only another page has. */
export function isElsewhere() {
  if (!part) return false;
  if (view.compare.some((name) => !onPage.has(name))) return true;
  if (view.tag) return !onPage.has(view.tag);
  return chosen.tag !== "" || view.group !== chosen.group || view.search !== part.search || view.page !== part.page;
}

/** Whether a tag is here only to be compared with others. */
export const isBeside = (tag) => part?.beside.includes(tag) ?? false;

/** Says how many tags are shown. */
export function showPart() {
  if (text) text.textContent = view.tag && !chosen.tag ? `Only ${view.tag} is shown.` : part.text;
}

/** When any tag was measured last, as far as is known, in epoch milliseconds: null before the first. */
export const newestOfAll = () => dataAt;

/** Takes the server's count: where it grows, data comes, be it of tags that are not here. */
export function noteCount({ newestId }, now) {
  if (newestId > countedTo) dataAt = now;
  countedTo = newestId;
}

/** Asks what the tags are, of which the lists tell and the page knows nothing; whether there were any. */
export async function learn(names) {
  const unknown = [...new Set(names)].filter((name) => !tags.has(name) && !failed.has(name));
  await Promise.all(unknown.slice(0, MOST_LEARNED).map(learnOne));
  return unknown.length > 0;
}

async function learnOne(name) {
  try {
    const { body } = await get(`${settings.urls.tags}/${encodeURIComponent(name)}`);
    const { min, max } = body.valid_range;
    const decimals = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(max - min))));
    const { lower, upper } = body.limits;
    const { staleAfterMs } = settings;
    tags.set(name, {
      name,
      unit: body.unit,
      lower,
      upper,
      decimals,
      active: body.active,
      staleAfterMs,
      rawFrom: null,
      newestAnomaly: null,
    });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    failed.add(name);
  }
}

/** Wires the search and the pages, and looks now and then whether others need a person. */
export function wirePart() {
  const form = document.getElementById("part");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    chooseSearch(form.elements.search.value.trim());
  });
  form.addEventListener("click", (event) => {
    const { page } = /** @type {HTMLElement} */ (event.target).dataset;
    if (!page || event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    choosePage(Number(page));
  });
  setInterval(look, LOOK_EVERY_MS);
}

/** Says it if the server would show other tags now: they are not exchanged under anybody's hands. */
async function look() {
  if (document.hidden || view.tag !== chosen.tag) return;
  const page = await pageNow();
  if (!page?.settings.part || !page.settings.database) return;
  part.text = page.settings.part.text;
  showPart();
  const others = [...page.document.querySelectorAll(".card")].filter((card) => !onPage.has(card.dataset.tag));
  if (others.length) offer(others.length);
  else changed.replaceChildren();
}

function offer(count) {
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = "Show them";
  again.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  changed.replaceChildren(`${count === 1 ? "Another tag comes" : `${count} other tags come`} first by now. `, again);
}
