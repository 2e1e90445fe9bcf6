// What a chart shows, to take along: as a picture, or its data as a file.
import { setAttribute } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { readTheme } from "../base/theme.js";
import { rangeText, zoneText } from "../base/times.js";

const MARGIN = 1.2; // in the page's letters

/** Wires the card's menu; `range` of what it gives is the time that is saved. */
export function wireSaving(card) {
  const { save: menu, picture, csv } = card.parts;
  const saving = { range: null };
  const close = () => {
    menu.open = false;
    menu.querySelector("summary").focus();
  };
  menu.addEventListener("toggle", () => {
    if (menu.open && saving.range) setAttribute(csv, "href", exportAddress(card.tag, saving.range));
  });
  picture.addEventListener("click", () => {
    savePicture(card, saving.range);
    close();
  });
  csv.addEventListener("click", () => (menu.open = false));
  menu.addEventListener("keydown", ({ key }) => key === "Escape" && menu.open && close());
  document.addEventListener("pointerdown", ({ target }) => {
    if (menu.open && !menu.contains(target)) menu.open = false;
  });
  return saving;
}

function exportAddress(tag, { from, to }) {
  const bounds = { from: isoText(from), to: isoText(to) };
  return `${settings.urls.export}?${new URLSearchParams({ tag: tag.name, ...bounds, format: "csv" })}`;
}

const isoText = (ms) => new Date(Math.round(ms)).toISOString();

function savePicture({ tag, canvas }, range) {
  const link = document.createElement("a");
  link.download = `${tag.name}-${isoText(range.from).slice(0, 19).replace(/[-:]/g, "")}Z.png`;
  link.href = pictureOf(tag, canvas, range).toDataURL("image/png");
  link.click();
}

/** The chart under its title and times, on the page's background. */
function pictureOf(tag, canvas, range) {
  const theme = readTheme();
  const scale = canvas.width / canvas.clientWidth;
  const letter = theme.rem * scale;
  const head = 3.2 * letter;
  const picture = document.createElement("canvas");
  picture.width = canvas.width + 2 * MARGIN * letter;
  picture.height = canvas.height + head + MARGIN * letter;
  const ctx = picture.getContext("2d");
  ctx.fillStyle = theme.panel;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.textBaseline = "top";
  ctx.fillStyle = theme.text;
  ctx.font = `600 ${letter}px ${theme.font}`;
  ctx.fillText(tag.unit ? `${tag.name} (${tag.unit})` : tag.name, MARGIN * letter, 0.7 * letter);
  ctx.fillStyle = theme.muted;
  ctx.font = `${0.8 * letter}px ${theme.font}`;
  ctx.fillText(`${rangeText(range, { withDate: true })}, ${zoneText()}`, MARGIN * letter, 2 * letter);
  ctx.drawImage(canvas, MARGIN * letter, head);
  return picture;
}
