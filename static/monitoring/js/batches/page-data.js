// What the server writes into the page of a batch for its scripts.
import { descendant } from "../base/dom.js";

/**
 * A span of an event or alarm, or a note; hours of elapsed time, `until` null: it lasts, or is a moment.
 * @typedef {{tag: string | null, label: string, x: number, until: number | null}} BatchMark
 * @typedef {{number: number, analyte: string, title: string, value: number, unit: string, x: number}} SampleMark
 *
 * A deviation from golden batches; `tags`: those that contribute, empty: it is about all.
 * @typedef {{id: number, x: number, until: number | null, label: string, tags: string[]}} DeviationMark
 *
 * What changes while the batch runs. `zeroMs`: the time of 0 h; `range`: the ends of the charts, `now`: the present
 * or the end of the batch, in hours.
 * @typedef {{zeroMs: number, isRunning: boolean, spans: BatchMark[], notes: BatchMark[], samples: SampleMark[],
 *   deviations: DeviationMark[], watchedUpto: string,
 *   regions: import("../charts/elapsed-regions.js").Region[], range: {from: number, to: number},
 *   now: number}} BatchMarks
 *
 * @typedef {{everyMs: number, chart: {copy: string, integrity: string, trouble: string},
 *   urls: Record<"trend" | "soft-sensors" | "watch" | "contributions", string>,
 *   families: import("./contributions.js").FamilyTexts}} BatchSettings
 *
 * @typedef {{tag: string, title: string, unit: string, decimals: number, stepped: boolean}} FigureSettings
 */

/** @type {() => BatchSettings} */
export const readSettings = () => JSON.parse(document.getElementById("batch-settings").textContent ?? "");

/** @type {() => BatchMarks} */
export const readMarks = () => JSON.parse(document.getElementById("batch-marks").textContent ?? "");

/** @type {(figure: Element) => FigureSettings} */
export const figureSettings = (figure) => JSON.parse(descendant(figure, "script").textContent ?? "");
