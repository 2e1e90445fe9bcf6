// All figures of a batch's page: those near the view are drawn, those that come near read what they lack.
import { descendant, partsOf, setText } from "../base/dom.js";
import { VisibilityTracker } from "../charts/visibility-tracker.js";
import { BatchFigure } from "./figure.js";

/** @type {Map<Element, BatchFigure>} */
const figures = new Map();
/** @type {Map<BatchFigure, () => void>} what reads the contents of a figure */
const readers = new Map();
const tracker = new VisibilityTracker((element, isNear) => {
  const figure = figures.get(element);
  if (!figure) return;
  if (isNear && !figure.options) readers.get(figure)?.();
  figure.setNear(isNear);
});

/**
 * Add a figure of the page.
 * @param {HTMLElement} element
 * @param {string} title
 * @param {(figure: BatchFigure) => void} read called when the figure comes into view, and at each refresh there
 */
export function addFigure(element, title, read) {
  return followFigure(new BatchFigure(element, title), read);
}

/**
 * Add a figure of any kind.
 * @template {BatchFigure} Figure
 * @param {Figure} figure
 * @param {(figure: Figure) => void} read
 */
export function followFigure(figure, read) {
  const { element } = figure;
  figures.set(element, figure);
  readers.set(figure, () => read(figure));
  tracker.observe(element);
  return figure;
}

/**
 * Add a figure to a list, made of the page's template.
 * @param {HTMLElement} list
 * @param {{title: string, about?: string}} texts
 * @param {(figure: BatchFigure) => void} read
 */
export function makeFigure(list, { title, about = "" }, read) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("figure-template"));
  const element = descendant(/** @type {any} */ (template.content.cloneNode(true)), "figure");
  const parts = partsOf(element);
  setText(parts.title, title);
  setText(parts.about, about);
  setText(parts.of, ` of ${title}`);
  parts.table.setAttribute("aria-label", `Values of ${title}`);
  list.append(element);
  return addFigure(element, title, read);
}

/** Read the figures in or near the view again. */
export function refreshFigures() {
  for (const [figure, read] of readers) if (figure.isNear) read();
}

/** Draw the figures in or near the view: Chart.js has arrived. */
export function drawFigures() {
  for (const figure of figures.values()) figure.draw();
}
