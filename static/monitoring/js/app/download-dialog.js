// The dialog that makes the address of a download, and downloads.
import { downloadAddress, meaningOf } from "./download-address.js";
import { setAttribute, setText } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { inputText } from "../base/time-input.js";
import { zoneText } from "../base/times.js";

/**
 * @typedef {import("./download-address.js").Download} Download
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 */

const NO_ANSWER = "The server does not answer. Try again when it is back.";
const NO_TAGS = "Choose at least one tag.";
const NO_VALUES = "Choose at least one of mean, lowest and highest.";
const REVERSED = settings.words.refused.reversed;
const dialog = document.getElementById("download");
const form = document.getElementById("download-form");
const refused = document.getElementById("download-refused");
const address = document.getElementById("download-address");
const [from, to] = [document.getElementById("download-from"), document.getElementById("download-to")];
/** Times that the dialog was filled with: browsers shorten values, and a repeated hour is ambiguous. */
let filled = [
  { text: "", ms: 0 },
  { text: "", ms: 0 },
];

/** @type {() => string[]} returns the names of the tags on screen */
let shown = () => [];

/**
 * Open the dialog for the tags and the time on screen.
 * @param {{range: () => TimeRange, shown: () => string[]}} page
 */
export function openDownload(page) {
  shown = page.shown;
  const { from: start, to: end } = page.range();
  filled = [start, end].map((ms) => ({ text: inputText(ms), ms }));
  [from, to].forEach((input, i) => (input.value = filled[i].text));
  setText(document.getElementById("download-zone"), zoneText());
  setText(refused, "");
  chooseShown();
  dialog.showModal();
}

/** @param {(name: string) => boolean} isChosen */
function choose(isChosen) {
  for (const box of boxes("tag")) box.checked = isChosen(box.value);
  show();
}

function chooseShown() {
  const names = new Set(shown());
  choose((name) => names.has(name));
}

/** @param {string} name */
const boxes = (name) => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll(`input[name="${name}"]`)]);

/** @param {string} name */
const ticked = (name) => boxes(name).flatMap(({ checked, value }) => (checked ? [value] : []));

/** @param {string} name */
const selected = (name) => /** @type {HTMLSelectElement} */ (form.querySelector(`select[name="${name}"]`)).value;

/** @returns {Download} */
function chosen() {
  const [start, end] = [from, to].map(({ value }, i) => {
    if (value === filled[i].text) return filled[i].ms;
    return value ? new Date(value).getTime() : null;
  });
  return {
    tags: ticked("tag"),
    from: start,
    to: end,
    interval: selected("interval"),
    aggregate: ticked("aggregate"),
    shape: selected("shape"),
    columns: ticked("columns"),
    format: selected("format"),
    zone: selected("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
    decimal: ticked("decimal")[0] ?? "",
    bom: ticked("bom")[0] ?? "",
  };
}

/** Show the address, and allow what has a meaning with the rest. */
function show() {
  const download = chosen();
  const { isAggregated, isRaw, isCsv } = meaningOf(download);
  for (const box of boxes("aggregate")) box.disabled = !isAggregated;
  for (const box of boxes("columns")) box.disabled = box.value === "reasons" && !isRaw;
  for (const box of [...boxes("decimal"), ...boxes("bom")]) box.disabled = !isCsv;
  const href = downloadAddress(settings.urls.export, download);
  setAttribute(address, "href", href);
  setText(address, href);
}

/**
 * Return why nothing can be downloaded; "" if something can.
 * @param {Download} download
 */
function rejectionOf({ tags, from: start, to: end, interval, aggregate }) {
  if (!tags.length) return NO_TAGS;
  if (start !== null && end !== null && start > end) return REVERSED;
  return interval !== "raw" && !aggregate.length ? NO_VALUES : "";
}

/** Ask the server whether it makes the file, and say why not; else let the browser save it. */
async function download() {
  const href = downloadAddress(settings.urls.export, chosen());
  const text = rejectionOf(chosen()) || (await refusalOf(href));
  setText(refused, text);
  if (text) return;
  const link = document.createElement("a");
  link.href = href;
  link.download = "";
  link.click();
  dialog.close();
}

/**
 * Return the server's reason for refusing a download; "" if it does not.
 * @param {string} href
 */
async function refusalOf(href) {
  try {
    const { ok } = await fetch(href, { method: "HEAD" });
    if (ok) return "";
    const answer = await fetch(href, { headers: { Accept: "application/json" } });
    return answer.ok ? "" : (await answer.json()).detail;
  } catch {
    return NO_ANSWER;
  }
}

document.getElementById("download-shown").addEventListener("click", chooseShown);
document.getElementById("download-all").addEventListener("click", () => choose(() => true));
document.getElementById("download-none").addEventListener("click", () => choose(() => false));
document.getElementById("download-cancel").addEventListener("click", () => dialog.close());
form.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  download();
});
