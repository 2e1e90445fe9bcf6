// Eight styles of lines that differ by dashes and by the shapes of their points, not only by colour.

/**
 * `dash`: lengths in pixels; `shape`: a point style of Chart.js.
 * @typedef {{dash: number[], shape: import("chart.js").PointStyle}} LineStyle
 */

/** @type {LineStyle[]} */
export const LINE_STYLES = [
  { dash: [], shape: "circle" },
  { dash: [9, 5], shape: "rect" },
  { dash: [2, 4], shape: "triangle" },
  { dash: [12, 4, 2, 4], shape: "rectRot" },
  { dash: [18, 5], shape: "crossRot" },
  { dash: [5, 3, 1, 3], shape: "star" },
  { dash: [1, 7], shape: "rectRounded" },
  { dash: [14, 3, 6, 3], shape: "cross" },
];
