// The dialog in which people choose and order charts, and save the choice as a view with a name and an address.
import { sendTo } from "./alarm-acts.js";
import { chooseCharts, view } from "./view-state.js";
import { announceNow } from "../base/announcer.js";
import { descendant, setText } from "../base/dom.js";
import { settings, tagOf } from "../base/settings.js";

const dialog = document.getElementById("views-dialog");
const list = document.getElementById("chart-choices");
const filter = document.getElementById("chart-filter");
const refused = document.getElementById("views-refused");
const nameInput = document.getElementById("view-name"); // null: the viewer may not save
let hasChanged = false; // whether the viewer has changed the choice since the dialog was opened

/**
 * Wire the dialog and the button that opens it.
 * @param {() => {shown: string[], others: string[]}} tags returns the names of the tags with a visible card in their
 *   order, and of all others
 */
export function wireViews(tags) {
  const opener = document.getElementById("views-open");
  opener.removeAttribute("disabled");
  opener.addEventListener("click", () => open(tags()));
  document.getElementById("views-close").addEventListener("click", () => dialog.close());
  document.getElementById("views-form").addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  filter.addEventListener("input", showFound);
  document.getElementById("charts-all").addEventListener("click", () => tick(true));
  document.getElementById("charts-none").addEventListener("click", () => tick(false));
  document.getElementById("charts-auto")?.addEventListener("click", () => choose([]));
  list.addEventListener("change", () => (hasChanged = true));
  list.addEventListener("click", ({ target }) => move(/** @type {Element} */ (target).closest("button")));
  document.getElementById("view-save")?.addEventListener("click", () => save("POST", settings.urls.views));
  document
    .getElementById("view-change")
    ?.addEventListener("click", () => save("PATCH", `${settings.urls.views}/${settings.saved?.slug}`));
  document.getElementById("saved-views").addEventListener("click", ({ target }) => {
    remove(/** @type {Element} */ (target).closest("[data-delete]"));
  });
}

/** @param {{shown: string[], others: string[]}} tags */
function open({ shown, others }) {
  hasChanged = false;
  setText(refused, "");
  filter.value = "";
  list.replaceChildren(...shown.map((name) => row(name, true)), ...others.map((name) => row(name, false)));
  dialog.showModal();
}

/** @type {(name: string, isChosen: boolean) => HTMLElement} */
function row(name, isChosen) {
  const item = document.createElement("li");
  item.dataset.tag = name;
  const label = item.appendChild(document.createElement("label"));
  const box = label.appendChild(document.createElement("input"));
  Object.assign(box, { type: "checkbox", checked: isChosen });
  label.append(` ${tagOf(name).shownName}`);
  const { shownName } = tagOf(name);
  item.append(mover(shownName, "up", "↑"), mover(shownName, "down", "↓"));
  return item;
}

/** @type {(name: string, where: string, sign: string) => HTMLButtonElement} */
function mover(name, where, sign) {
  const button = document.createElement("button");
  Object.assign(button, {
    type: "button",
    textContent: sign,
    title: `Move ${where}`,
    ariaLabel: `Move ${name} ${where}`,
  });
  button.dataset.where = where;
  return button;
}

/** @returns {HTMLElement[]} */
const visibleRows = () => [...list.querySelectorAll("li:not([hidden])")];

/**
 * Move a row before or after its visible neighbour.
 * @param {HTMLElement | null} button
 */
function move(button) {
  const item = button?.closest("li");
  if (!button || !item) return;
  const rows = visibleRows();
  const index = rows.indexOf(item);
  const other = rows[index + (button.dataset.where === "up" ? -1 : 1)];
  if (!other) return;
  hasChanged = true;
  if (button.dataset.where === "up") other.before(item);
  else other.after(item);
  button.focus();
  item.scrollIntoView({ block: "nearest" });
  announceNow(`${tagOf(item.dataset.tag ?? "").shownName}: place ${visibleRows().indexOf(item) + 1} of ${rows.length}`);
}

/** Show the rows whose names have all words of the search. */
function showFound() {
  const sought = filter.value.toLowerCase().split(/\s+/);
  for (const item of list.querySelectorAll("li")) {
    const text = `${item.dataset.tag} ${item.textContent}`.toLowerCase();
    item.hidden = !sought.every((word) => text.includes(word));
  }
}

/** @param {boolean} isChosen */
function tick(isChosen) {
  hasChanged = true;
  for (const item of visibleRows()) boxIn(item).checked = isChosen;
}

/**
 * @param {HTMLElement} item
 * @returns {HTMLInputElement}
 */
const boxIn = (item) => /** @type {HTMLInputElement} */ (descendant(item, "input"));

/** Return the chosen tags in their order. */
function chosenTags() {
  const chosen = [...list.querySelectorAll("li")].filter((item) => boxIn(item).checked);
  return chosen.map(({ dataset }) => dataset.tag ?? "");
}

/**
 * Return the chosen tags, or null with a message if they cannot be shown.
 * @returns {string[] | null}
 */
function acceptedTags() {
  const chosen = chosenTags();
  const { mostChosen } = settings;
  if (!chosen.length) setText(refused, "Choose at least one chart.");
  else if (chosen.length > mostChosen)
    setText(refused, `Choose at most ${mostChosen} charts: ${chosen.length} are chosen.`);
  else return chosen;
  return null;
}

function show() {
  const chosen = acceptedTags();
  if (chosen) choose(chosen);
}

/** @param {string[]} charts */
function choose(charts) {
  dialog.close();
  chooseCharts(charts);
}

/**
 * Save the view under the name, and show it by its address.
 * @param {"POST" | "PATCH"} method
 * @param {string} url
 */
async function save(method, url) {
  const name = nameInput?.value.trim() ?? "";
  if (!name) {
    setText(refused, "Say how the view is to be called.");
    nameInput?.focus();
    return;
  }
  const isOwnOrder = hasChanged || view.charts.length > 0;
  const charts = isOwnOrder ? acceptedTags() : [];
  if (!charts) return;
  const group = isOwnOrder ? "" : view.group;
  const { compare, show: shown, preset } = view;
  const outcome = await sendTo(url, { name, group, charts, compare, show: shown, range: preset }, method);
  if (outcome.isDone) location.assign(`${location.pathname}?${new URLSearchParams({ view: outcome.found.slug })}`);
  else setText(refused, outcome.text);
}

/**
 * Delete a saved view at the second click, so that one click too many costs nothing.
 * @param {HTMLElement | null} button
 */
async function remove(button) {
  if (!button) return;
  if (!("sure" in button.dataset)) {
    button.dataset.sure = "";
    button.prepend("Really ");
    return;
  }
  const outcome = await sendTo(`${settings.urls.views}/${button.dataset.delete}`, {}, "DELETE");
  if (!outcome.isDone) return setText(refused, outcome.text);
  button.closest("li")?.remove();
  announceNow("The view is deleted");
  descendant(dialog, "#views-close").focus();
}
