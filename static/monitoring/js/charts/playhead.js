// A Chart.js plugin: the position of the playback as a vertical line.

/**
 * The plugin's options; `at`: epoch milliseconds, null or missing without playback.
 * @typedef {{at?: number | null, colour: string}} PlayheadOptions
 */

/** @type {import("chart.js").Plugin<"line", PlayheadOptions>} */
export const playhead = {
  id: "playhead",
  afterDatasetsDraw(chart, _args, { at = null, colour }) {
    const { ctx, chartArea: area, scales } = chart;
    if (at === null || at < scales.x.min || at > scales.x.max) return;
    const x = Math.round(scales.x.getPixelForValue(at));
    ctx.save();
    ctx.fillStyle = colour;
    ctx.fillRect(x - 1, area.top, 2, area.bottom - area.top);
    ctx.beginPath();
    ctx.moveTo(x - 6, area.top);
    ctx.lineTo(x + 6, area.top);
    ctx.lineTo(x, area.top + 8);
    ctx.fill();
    ctx.restore();
  },
};
