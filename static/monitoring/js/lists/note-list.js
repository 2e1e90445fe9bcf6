// The list of notes beside the charts: those of the time shown, newest first.
import { addressOf } from "../app/address.js";
import { tagToShow } from "../app/tag-page.js";
import { view } from "../app/view-state.js";
import { setAttribute, setText } from "../base/dom.js";
import { settings } from "../base/settings.js";
import { momentText, rangeText } from "../base/times.js";
import { isCut, isRead, MOST_READ, notesIn } from "../live/notes.js";

/** @typedef {import("../live/notes.js").Note} Note */

const MOST = 20;
const PLANT = "whole plant";
const SVG = "http://www.w3.org/2000/svg";
const list = document.getElementById("notes");
const summary = document.getElementById("no-notes");
let drawn = "";

/** @param {number} count */
export const notesText = (count) => `${count} note${count === 1 ? "" : "s"}`;

/**
 * Show the notes of a range. The rows are made again only when one of them would differ.
 * @param {import("../base/settings.js").TimeRange} range
 */
export function showNotes(range) {
  const notes = notesIn(range);
  const text = summaryText(notes.length, { isRead: isRead(range), isCut: isCut() });
  summary.hidden = text === "";
  setText(summary, text);
  const rows = notes.slice(0, MOST).map(contentOf);
  const now = JSON.stringify(rows);
  if (now === drawn) return;
  drawn = now;
  list.replaceChildren(...rows.map(rowOf));
}

/**
 * Return the words above the list; empty if the list is complete.
 * @param {number} count of the notes in the time shown
 * @param {{isRead: boolean, isCut: boolean}} state `isCut`: the server has older ones, too
 */
export function summaryText(count, state) {
  if (state.isCut && count) return `The newest ${Math.min(count, MOST)}; the charts show the newest ${MOST_READ}.`;
  if (count > MOST) return `The newest ${MOST} of ${count}.`;
  if (count) return "";
  return state.isRead ? "None in the time shown." : "Not read yet.";
}

/**
 * Return the contents of a note's row. Text and link depend on the day and on the view, too.
 * @param {Note} note
 */
export function contentOf(note) {
  const { start, end, tag, group, vessel, text, by } = note;
  return {
    start,
    time: end === null ? momentText(start) : rangeText({ from: start, to: end }),
    href: addressAround(note),
    about: tag ?? vessel ?? (group || PLANT),
    said: `${text} (${by})`,
  };
}

/** @param {ReturnType<typeof contentOf>} content */
function rowOf({ start, time, href, about, said }) {
  const [row, link, subject, reason] = ["li", "a", "span", "span"].map((kind) => document.createElement(kind));
  const when = link.appendChild(document.createElement("time"));
  setAttribute(when, "datetime", new Date(start).toISOString());
  when.textContent = time;
  setAttribute(link, "href", href);
  subject.textContent = about;
  reason.className = "reason";
  reason.textContent = said;
  row.append(icon(), link, subject, reason);
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
