// The datasets of a chart over elapsed time: each line with its band from min to max, bands of a profile, samples.

/**
 * @typedef {import("./elapsed-chart.js").ElapsedLine} ElapsedLine
 * @typedef {import("./elapsed-chart.js").ElapsedOptions} ElapsedOptions
 * @typedef {import("../base/theme.js").Theme} Theme
 * @typedef {import("chart.js").ChartDataset<"line", {x: number, y: number}[]>} LineDataset
 *
 * A dataset, with the line whose values a tooltip shows; null for edges of bands and for samples.
 * @typedef {LineDataset & {told: ElapsedLine | null}} ElapsedDataset
 */

const SHAPES = 8; // points with a shape along a line
const FRONT = 1; // drawing order: smaller is drawn later
const LINES = 2;
const SPREADS = 3;
const BANDS = 4;

/**
 * Return the datasets in the colours of a theme.
 * @param {ElapsedOptions} options
 * @param {Theme} theme
 * @returns {ElapsedDataset[]}
 */
export function datasetsOf({ lines, bands = [], marks = [] }, theme) {
  const samples = marks.filter(({ kind, y }) => kind === "sample" && y !== undefined);
  return [
    ...lines.map((line) => lineOf(line, theme)),
    ...lines.flatMap((line) => spreadOf(line, theme)),
    ...bands.flatMap(({ points, colour }) => bandOf(points, fillOf({ colour }, theme), BANDS)),
    ...(samples.length ? [samplesOf(samples, theme)] : []),
  ];
}

/** @type {(line: ElapsedLine, theme: Theme) => string} */
export const colourOf = ({ colour }, theme) => (colour === undefined ? theme.trace : theme[`line-${colour + 1}`]);

/** @type {(line: ElapsedLine, theme: Theme) => ElapsedDataset} */
function lineOf(line, theme) {
  const colour = colourOf(line, theme);
  const every = Math.max(1, Math.ceil(line.points.length / SHAPES));
  return {
    told: line,
    label: line.label,
    data: line.points.map(([x, y]) => ({ x, y: y ?? NaN })),
    borderColor: colour,
    backgroundColor: theme.panel,
    borderWidth: 0.1 * theme.rem,
    borderDash: line.dash ?? [],
    stepped: line.stepped ?? false,
    pointStyle: line.shape ?? "circle",
    pointRadius: line.shape ? ({ dataIndex }) => (dataIndex % every ? 0 : 0.28 * theme.rem) : 0,
    pointHitRadius: 0,
    pointBorderColor: colour,
    order: LINES,
  };
}

/** @type {(line: ElapsedLine, theme: Theme) => ElapsedDataset[]} */
function spreadOf({ points, low, high, colour }, theme) {
  if (!low || !high) return [];
  return bandOf(
    points.map(([x], i) => [x, low[i], high[i]]),
    fillOf({ colour }, theme),
    SPREADS,
  );
}

/** @type {(of: {colour?: number}, theme: Theme) => string} */
const fillOf = ({ colour }, theme) =>
  colour === undefined ? theme.band : `color-mix(in srgb, ${theme[`line-${colour + 1}`]} 18%, transparent)`;

/**
 * Return the upper edge, filled down to the lower edge.
 * @type {(points: [number, number | null, number | null][], fill: string, order: number) => ElapsedDataset[]}
 */
function bandOf(points, fill, order) {
  const edge = { told: null, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order };
  return [
    { ...edge, data: points.map(([x, , high]) => ({ x, y: high ?? NaN })), fill: "+1", backgroundColor: fill },
    { ...edge, data: points.map(([x, low]) => ({ x, y: low ?? NaN })) },
  ];
}

/** @type {(samples: import("./elapsed-chart.js").ElapsedMark[], theme: Theme) => ElapsedDataset} */
function samplesOf(samples, theme) {
  return {
    told: null,
    label: "sample",
    data: samples.map(({ x, y }) => ({ x, y: y ?? NaN })).sort((one, other) => one.x - other.x),
    showLine: false,
    clip: false,
    pointStyle: "rectRot",
    pointRadius: 0.36 * theme.rem,
    backgroundColor: theme.panel,
    borderColor: theme.text,
    borderWidth: 0.11 * theme.rem,
    order: FRONT,
  };
}
