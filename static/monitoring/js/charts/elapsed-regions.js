// A Chart.js plugin: the phases of a batch as regions, each with a line where it begins, and its name.

/**
 * @typedef {{from: number, to: number, label: string}} Region
 *
 * The plugin's options: the regions, and colours and font of the theme.
 * @typedef {{regions: Region[], line: string, text: string, panel: string, font: string}} RegionOptions
 *
 * A region in pixels.
 * @typedef {{left: number, right: number, label: string, begins: boolean}} RegionPlace
 */

const PAD_PX = 5;

/**
 * Return the places of regions that are in view, each with the name that has room in it.
 * @param {Region[]} regions
 * @param {(x: number) => number} pixelOf
 * @param {{left: number, right: number}} area
 * @param {(text: string) => number} widthOf returns the width of a text in pixels
 * @returns {RegionPlace[]}
 */
export function placesOfRegions(regions, pixelOf, area, widthOf) {
  const within = (/** @type {number} */ x) => Math.min(area.right, Math.max(area.left, x));
  const places = regions.map(({ from, to, label }) => {
    const [left, right] = [within(pixelOf(from)), within(pixelOf(to))];
    return { left, right, label: widthOf(label) + 2 * PAD_PX <= right - left ? label : "", begins: left > area.left };
  });
  return places.filter(({ left, right }) => right > left);
}

/** @type {import("chart.js").Plugin<"line", RegionOptions>} */
export const elapsedRegions = {
  id: "elapsedRegions",
  beforeDatasetsDraw({ ctx, chartArea: area, scales }, _args, { regions, line, text, panel, font }) {
    if (!regions?.length) return;
    ctx.save();
    Object.assign(ctx, { font, textBaseline: "top", lineWidth: 1, strokeStyle: line, fillStyle: text });
    const pixelOf = (/** @type {number} */ x) => scales.x.getPixelForValue(x);
    for (const place of placesOfRegions(regions, pixelOf, area, (label) => ctx.measureText(label).width)) {
      if (place.begins) drawBegin(ctx, Math.round(place.left) + 0.5, area);
      const at = { x: place.left + PAD_PX, y: area.top + PAD_PX };
      Object.assign(ctx, { strokeStyle: panel, lineWidth: 3 }).strokeText(place.label, at.x, at.y);
      ctx.fillText(place.label, at.x, at.y);
      Object.assign(ctx, { strokeStyle: line, lineWidth: 1 });
    }
    ctx.restore();
  },
};

/** @type {(ctx: CanvasRenderingContext2D, x: number, area: {top: number, bottom: number}) => void} */
function drawBegin(ctx, x, { top, bottom }) {
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}
