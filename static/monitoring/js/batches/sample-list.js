// A chart for each analyte of a batch's samples.
import { makeFigure } from "./figures.js";
import { analyteOptions, byAnalyte } from "./analytes.js";

/**
 * Show the charts of the analytes; returns a function that shows new samples.
 * @param {() => {marks: import("./page-data.js").BatchMarks, isClock: boolean}} view
 */
export function showAnalytes(view) {
  const list = document.getElementById("sample-figures");
  /** @type {Map<string, import("./figure.js").BatchFigure>} */
  const figures = new Map();

  /** @param {string} analyte */
  function show(analyte) {
    const { marks, isClock } = view();
    const samples = byAnalyte(marks.samples).get(analyte);
    if (samples) figures.get(analyte)?.show(analyteOptions(samples, marks, isClock));
  }

  return () => {
    for (const [analyte, [{ title }]] of byAnalyte(view().marks.samples)) {
      if (!figures.has(analyte))
        figures.set(
          analyte,
          makeFigure(list, { title }, () => show(analyte)),
        );
      show(analyte);
    }
  };
}
