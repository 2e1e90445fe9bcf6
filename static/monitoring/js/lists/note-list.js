// The list of notes beside the charts: those of the time shown, newest first.
import { addressOf } from "../app/address.js";
import { tagToShow } from "../app/tag-page.js";
import { view } from "../app/view-state.js";
import { setAttribute } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { momentText, rangeText, showTime } from "../base/times.js";
import { notesIn } from "../live/notes.js";

/** @typedef {import("../live/notes.js").Note} Note */

const MOST = 20;
const PLANT = "whole plant";
const SVG = "http://www.w3.org/2000/svg";
const list = document.getElementById("notes");
const none = document.getElementById("no-notes");
let drawn = "";

/** @param {number} count */
export const notesText = (count) => `${count} note${count === 1 ? "" : "s"}`;

/**
 * Show the notes of a range. The rows are made again only when a note differs.
 * @param {import("../base/settings.js").TimeRange} range
 */
export function showNotes(range) {
  const notes = notesIn(range).slice(0, MOST);
  const now = notes.map(({ id, version }) => `${id}.${version}`).join() + momentText(0);
  none.hidden = notes.length > 0;
  if (now === drawn) return;
  drawn = now;
  list.replaceChildren(...notes.map(rowOf));
}

/** @param {Note} note */
function rowOf(note) {
  const [row, link, about, said] = ["li", "a", "span", "span"].map((kind) => document.createElement(kind));
  const time = link.appendChild(document.createElement("time"));
  showTime(time, note.start);
  if (note.end !== null) time.textContent = rangeText({ from: note.start, to: note.end });
  setAttribute(link, "href", addressAround(note));
  about.textContent = note.tag ?? (note.group || PLANT);
  said.className = "reason";
  said.textContent = `${note.text} (${note.by})`;
  row.append(icon(), link, about, said);
  return row;
}

/** @param {Note} note */
function addressAround({ tag, start, end }) {
  const past = {
    from: start - settings.aroundMs,
    to: (end ?? start) + settings.aroundMs,
  };
  return addressOf({
    ...view,
    tag: tag === null ? view.tag : tagToShow(tag),
    past,
    event: null,
    anomaly: null,
  });
}

function icon() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(SVG, "use")).setAttribute("href", "#icon-note");
  return svg;
}
