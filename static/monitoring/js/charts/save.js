// Saves a chart as a picture, or its data as a CSV file.
import { descendant, setAttribute } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { readTheme } from "../base/theme.js";
import { rangeText, zoneText } from "../base/times.js";

/**
 * @typedef {import("../app/card.js").Card} Card
 * @typedef {import("../base/settings.js").Tag} Tag
 * @typedef {import("../base/settings.js").TimeRange} TimeRange
 */

const MARGIN = 1.2; // in root font sizes

/**
 * Wire the card's menu. Return an object whose `range` is the time to save.
 * @param {Card} card
 * @returns {{range: TimeRange | null}}
 */
export function wireSaving(card) {
  const { save: menu, picture, csv } = card.parts;
  /** @type {{range: TimeRange | null}} */
  const saving = { range: null };
  const close = () => {
    menu.open = false;
    descendant(menu, "summary").focus();
  };
  menu.addEventListener("toggle", () => {
    if (menu.open && saving.range) setAttribute(csv, "href", exportAddress(card.tag, saving.range));
  });
  picture.addEventListener("click", () => {
    if (saving.range) savePicture(card, saving.range);
    close();
  });
  csv.addEventListener("click", () => (menu.open = false));
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key }) => key === "Escape" && menu.open && close());
  document.addEventListener("pointerdown", ({ target }) => {
    if (menu.open && !menu.contains(target)) menu.open = false;
  });
  return saving;
}

/** @type {(tag: Tag, range: TimeRange) => string} */
function exportAddress(tag, { from, to }) {
  const bounds = { from: isoText(from), to: isoText(to) };
  return `${settings.urls.export}?${new URLSearchParams({ tag: tag.name, ...bounds, interval: "auto", format: "csv" })}`;
}

/** @param {number} ms */
const isoText = (ms) => new Date(Math.round(ms)).toISOString();

/** @type {(card: Card, range: TimeRange) => void} */
function savePicture({ tag, canvas }, range) {
  const link = document.createElement("a");
  link.download = `${tag.name}-${tag.simulated ? "simulated-" : ""}${isoText(range.from).slice(0, 19).replace(/[-:]/g, "")}Z.png`;
  link.href = pictureOf(tag, canvas, range).toDataURL("image/png");
  link.click();
}

/**
 * Return the chart with a title and its times, on the page's background.
 * @type {(tag: Tag, canvas: HTMLCanvasElement, range: TimeRange) => HTMLCanvasElement}
 */
function pictureOf(tag, canvas, range) {
  const theme = readTheme();
  const scale = canvas.width / canvas.clientWidth;
  const letter = theme.rem * scale;
  const head = 3.2 * letter;
  const picture = document.createElement("canvas");
  picture.width = canvas.width + 2 * MARGIN * letter;
  picture.height = canvas.height + head + MARGIN * letter;
  const ctx = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  ctx.fillStyle = theme.panel;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.textBaseline = "top";
  ctx.fillStyle = theme.text;
  ctx.font = `600 ${letter}px ${theme.font}`;
  ctx.fillText(tag.unit ? `${tag.shownName} (${tag.unit})` : tag.shownName, MARGIN * letter, 0.7 * letter);
  ctx.fillStyle = theme.muted;
  ctx.font = `${0.8 * letter}px ${theme.font}`;
  ctx.fillText(
    `${rangeText(range, { withDate: true })}, ${zoneText(range.from, range.to)}`,
    MARGIN * letter,
    2 * letter,
  );
  ctx.drawImage(canvas, MARGIN * letter, head);
  return picture;
}
