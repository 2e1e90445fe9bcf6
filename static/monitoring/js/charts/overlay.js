// Several tags in one chart, an axis each: lines told apart by their dashes and by the names beside them.
import { eventSpans, setSpans, spanOptions, stripHeight } from "./event-spans.js";
import { kindText } from "../lists/event-words.js";
import { timeTicks, valueTicks, valueTickText } from "../base/ticks.js";

/** The lines' dashes in pixels, in the order of the tags. */
export const DASHES = [[], [9, 5], [2, 4], [12, 4, 2, 4]];
const SMALLEST_PX = 100; // a chart that is not laid out yet has no width

export class Overlay {
  constructor(Chart, canvas, tags, theme) {
    this.tags = tags;
    this.chart = new Chart(canvas, {
      type: "line",
      data: { datasets: tags.flatMap((_, i) => datasets(i, theme)) },
      options: options(tags, theme),
      plugins: [eventSpans, lineNames],
    });
  }

  /** Draws the tags' layers, in their order, and events over a range; null is a layer that is not there yet. */
  draw(layers, events, range) {
    const { chart } = this;
    layers.forEach((layer, i) => {
      const { line, marks } = layer?.outline(range, Math.max(SMALLEST_PX, chart.width)) ?? { line: [], marks: [] };
      chart.data.datasets[2 * i].data = line;
      // An interval's extremes lie far from its mean: they would stretch the axis, and nobody could tell whose they are.
      chart.data.datasets[2 * i + 1].data = layer?.buckets ? [] : marks;
    });
    Object.assign(chart.options.scales.x, { min: range.from, max: range.to });
    setSpans(chart, events, null);
    chart.update("none");
  }

  destroy() {
    this.chart.destroy();
  }
}

function datasets(i, theme) {
  const yAxisID = `y${i}`;
  const line = {
    borderColor: theme[`line-${i + 1}`],
    borderDash: DASHES[i],
    borderWidth: 0.11 * theme.rem,
    pointRadius: 0,
  };
  const marks = {
    clip: false,
    showLine: false,
    pointStyle: "triangle",
    pointRadius: 0.38 * theme.rem,
    backgroundColor: theme.alarm,
    borderColor: theme.panel,
  };
  return [
    { data: [], yAxisID, order: 2, ...line },
    { data: [], yAxisID, order: 1, ...marks },
  ];
}

/** @returns {import("chart.js").ChartOptions<"line">} */
function options(tags, theme) {
  const font = { family: theme.font, size: 0.75 * theme.rem };
  const axes = tags.map((tag, i) => [`y${i}`, valueAxis(tag, i, theme, font)]);
  return {
    animation: false,
    parsing: false,
    normalized: true,
    responsive: true,
    maintainAspectRatio: false,
    events: [],
    layout: { padding: { top: stripHeight(theme.rem) } },
    scales: { x: timeAxis(theme, font), ...Object.fromEntries(axes) },
    plugins: {
      legend: { display: false },
      tooltip: { enabled: false },
      eventSpans: spanOptions(theme, font, (event) => `${event.tag}: ${kindText(event)}`),
      lineNames: { names: tags.map(({ name }) => name), panel: theme.panel, font: `600 ${font.size}px ${theme.font}` },
    },
  };
}

/** @returns {import("chart.js").ChartOptions<"line">["scales"][string]} */
function timeAxis(theme, font) {
  return {
    type: "linear",
    grid: { color: theme.grid },
    afterBuildTicks: (axis) =>
      (axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / (5.5 * theme.rem))))),
    ticks: { color: theme.muted, font, maxRotation: 0, autoSkip: false, callback: (_value, i, ticks) => ticks[i].text },
  };
}

/** @returns {import("chart.js").ChartOptions<"line">["scales"][string]} */
function valueAxis(tag, i, theme, font) {
  const color = theme[`line-${i + 1}`];
  return {
    position: i % 2 ? "right" : "left",
    grace: "10%",
    grid: { color: theme.grid, drawOnChartArea: i === 0 },
    border: { color },
    title: { display: true, text: tag.unit ? `${tag.name} (${tag.unit})` : tag.name, color, font },
    ticks: { color, font, callback: (value, _i, ticks) => valueTickText(value, ticks) },
    afterBuildTicks: (axis) =>
      (axis.ticks = valueTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.height / (1.9 * theme.rem))))),
  };
}

/** Each line's name at its end, moved apart where lines end close together. */
const lineNames = {
  id: "lineNames",
  afterDatasetsDraw(chart, _args, { names, panel, font }) {
    const { ctx, chartArea: area } = chart;
    const ends = names.map((name, i) => ({
      name,
      ...endOf(chart, 2 * i),
      color: chart.data.datasets[2 * i].borderColor,
    }));
    const drawn = ends.filter(({ y }) => y !== undefined).sort((one, other) => one.y - other.y);
    ctx.save();
    Object.assign(ctx, {
      font,
      textAlign: "right",
      textBaseline: "bottom",
      lineWidth: 4,
      strokeStyle: panel,
      lineJoin: "round",
    });
    let above = area.top;
    for (const { name, x, y, color } of drawn) {
      const size = parseFloat(font.slice(4)) * 1.2;
      const place = Math.max(above + size, Math.min(y - 4, area.bottom));
      ctx.strokeText(name, Math.min(x, area.right) - 6, place);
      ctx.fillStyle = color;
      ctx.fillText(name, Math.min(x, area.right) - 6, place);
      above = place;
    }
    ctx.restore();
  },
};

function endOf(chart, dataset) {
  const { left, right } = chart.chartArea;
  const points = chart.getDatasetMeta(dataset).data;
  const last = points.findLast(({ x, y, skip }) => !skip && !Number.isNaN(y) && x >= left && x <= right + 1);
  return last ? { x: last.x, y: last.y } : {};
}
