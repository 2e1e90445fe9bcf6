// A Chart.js plugin: notes as small pages that stand on the time axis, each with its text where there is room.

/**
 * @typedef {import("../live/notes.js").Note} Note
 *
 * The place of a note in pixels: `at` its page, `left` and `right` its span.
 * @typedef {{note: Note, at: number, left: number, right: number}} NoteMark
 *
 * The plugin's options: sizes and colours of the theme.
 * @typedef {{rem: number, panel: string, text: string, font: string}} NoteMarkOptions
 *
 * @typedef {Pick<import("chart.js").Chart, "ctx" | "scales" | "chartArea">} DrawnChart
 */

const MOST_LETTERS = 24;
const NEAR_PX = 8;
/** @type {WeakMap<object, Note[]>} by chart */
const shown = new WeakMap();

export const NOTE_SIGN = "✎";

/**
 * Set the notes that the chart draws from now on.
 * @param {object} chart
 * @param {Note[]} notes in order of their starts
 */
export function setNotes(chart, notes) {
  shown.set(chart, notes);
}

/**
 * Return the notes at a pixel of the time axis.
 * @param {DrawnChart} chart
 * @param {number} x
 */
export function notesAt(chart, x) {
  return marksOf(chart)
    .filter(({ left, right }) => left - NEAR_PX <= x && x <= right + NEAR_PX)
    .map(({ note }) => note);
}

/** @param {DrawnChart} chart */
function marksOf(chart) {
  const { left, right } = chart.chartArea;
  return placesOf(shown.get(chart) ?? [], (time) => chart.scales.x.getPixelForValue(time), { left, right });
}

/**
 * Return the places of notes on an axis. The page of a note that began before the axis stands at its left end.
 * @param {Note[]} notes
 * @param {(time: number) => number} pixelOf
 * @param {{left: number, right: number}} area
 * @returns {NoteMark[]}
 */
export function placesOf(notes, pixelOf, { left, right }) {
  const within = (/** @type {number} */ x) => Math.min(right, Math.max(left, x));
  return notes.map((note) => {
    const start = within(pixelOf(note.start));
    return {
      note,
      at: start,
      left: start,
      right: within(pixelOf(note.end ?? note.start)),
    };
  });
}

/**
 * Return the begin of a text.
 * @param {string} text
 */
export function shortText(text) {
  const line = text.split("\n")[0];
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS - 1).trimEnd()}…` : line;
}

/** @type {import("chart.js").Plugin<"line", NoteMarkOptions>} */
export const noteMarks = {
  id: "noteMarks",
  afterDatasetsDraw(chart, _args, options) {
    const marks = marksOf(chart);
    if (!marks.length) return;
    const { ctx } = chart;
    ctx.save();
    Object.assign(ctx, {
      font: options.font,
      textBaseline: "middle",
      lineJoin: "round",
    });
    marks.forEach((mark, i) => drawMark(chart, mark, marks[i + 1]?.at ?? chart.chartArea.right, options));
    ctx.restore();
  },
};

/**
 * Draw the span as a thick line, the page, and the text if the next page leaves room for it.
 * @type {(chart: DrawnChart, mark: NoteMark, next: number, options: NoteMarkOptions) => void}
 */
function drawMark({ ctx, chartArea: { bottom } }, { note, at, left, right }, next, { rem, panel, text }) {
  const [width, height] = [0.62 * rem, 0.8 * rem];
  const y = bottom - height;
  ctx.fillStyle = text;
  if (right > left + 1) ctx.fillRect(left, bottom - 2, right - left, 3);
  drawPage(ctx, {
    x: Math.min(at, next) - width / 2,
    y,
    width,
    height,
    panel,
    text,
  });
  const words = shortText(note.text);
  if (at + width + ctx.measureText(words).width > next - width) return;
  Object.assign(ctx, { strokeStyle: panel, lineWidth: 3, fillStyle: text });
  ctx.strokeText(words, at + width, y + height / 2);
  ctx.fillText(words, at + width, y + height / 2);
}

/**
 * Draw a page with a folded corner and two lines of writing: a shape that nothing else in a chart has.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{x: number, y: number, width: number, height: number, panel: string, text: string}} page
 */
function drawPage(ctx, { x, y, width, height, panel, text }) {
  const fold = width / 3;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + width - fold, y);
  ctx.lineTo(x + width, y + fold);
  ctx.lineTo(x + width, y + height);
  ctx.lineTo(x, y + height);
  ctx.closePath();
  Object.assign(ctx, { fillStyle: panel, strokeStyle: text, lineWidth: 1.3 });
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = text;
  for (const part of [0.45, 0.7]) ctx.fillRect(x + 2, y + part * height, width - 4, 1);
}

/**
 * Return the plugin's options in a theme.
 * @param {import("../base/theme.js").Theme} theme
 * @param {{size: number}} font
 * @returns {NoteMarkOptions}
 */
export function noteMarkOptions({ rem, panel, text, font: family }, font) {
  return { rem, panel, text, font: `${font.size}px ${family}` };
}
