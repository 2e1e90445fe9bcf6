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
 * Return the chart with a title, its times and a legend, on the page's background.
 * @type {(tag: Tag, canvas: HTMLCanvasElement, range: TimeRange) => HTMLCanvasElement}
 */
function pictureOf(tag, canvas, range) {
  const theme = readTheme();
  const scale = canvas.width / canvas.clientWidth;
  const letter = theme.rem * scale;
  const head = 3.2 * letter;
  const foot = 1.4 * letter;
  const picture = document.createElement("canvas");
  picture.width = canvas.width + 2 * MARGIN * letter;
  picture.height = canvas.height + head + foot + MARGIN * letter;
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
  drawLegend(ctx, theme, { x: MARGIN * letter, y: head + canvas.height + foot / 2, letter });
  return picture;
}

/**
 * Draw the signs of the chart with the words of the page's own legend, in a line centred at `y`.
 * @type {(ctx: CanvasRenderingContext2D, theme: import("../base/theme.js").Theme,
 *   place: {x: number, y: number, letter: number}) => void}
 */
function drawLegend(ctx, theme, { x, y, letter }) {
  ctx.textBaseline = "middle";
  ctx.lineWidth = letter / 10;
  let left = x;
  for (const item of document.querySelectorAll(".legend [data-sign]")) {
    drawSign(ctx, theme, item.getAttribute("data-sign"), { x: left, y, letter });
    const word = item.textContent.trim();
    ctx.fillStyle = theme.muted;
    ctx.fillText(word, left + 1.4 * letter, y);
    left += 2.4 * letter + ctx.measureText(word).width;
  }
}

/**
 * Draw a sign as wide as a letter.
 * @type {(ctx: CanvasRenderingContext2D, theme: import("../base/theme.js").Theme, sign: string | null,
 *   place: {x: number, y: number, letter: number}) => void}
 */
function drawSign(ctx, theme, sign, { x, y, letter }) {
  const half = letter / 2;
  ctx.beginPath();
  if (sign === "band") {
    ctx.fillStyle = theme.band;
    ctx.fillRect(x, y - half / 2, letter, half);
  } else if (sign === "anomaly") {
    ctx.fillStyle = theme.alarm;
    ctx.moveTo(x + half, y - 0.7 * half);
    ctx.lineTo(x + 1.7 * half, y + 0.7 * half);
    ctx.lineTo(x + 0.3 * half, y + 0.7 * half);
    ctx.fill();
  } else {
    ctx.strokeStyle = sign === "limit" ? theme.muted : theme.trace;
    ctx.setLineDash(sign === "limit" ? [letter / 4, letter / 6] : []);
    ctx.moveTo(x, y);
    ctx.lineTo(x + letter, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}
