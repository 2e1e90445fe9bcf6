// The chart of one tag: what is drawn. How it looks and reacts is in chart-options.js.
import { chartOptions } from "./chart-options.js";
import { limitLines } from "./limit-lines.js";
import { lineAndLone, thin } from "./trace.js";

export class TagChart {
  /** `reasonsOf(id)`: why that measurement is an anomaly, in words. */
  constructor(Chart, canvas, tag, theme, reasonsOf) {
    Object.assign(this, { Chart, canvas, tag, reasonsOf });
    this.restyle(theme);
  }

  /** Makes the chart, or makes it anew: Chart.js keeps the colours of points that it has drawn. */
  restyle(theme) {
    this.chart?.destroy();
    this.chart = new this.Chart(this.canvas, {
      type: "line",
      data: { datasets: datasets(theme) },
      options: chartOptions(this.tag, theme, this.reasonsOf),
      plugins: [limitLines],
    });
  }

  draw(points, { from, to }) {
    const { chart } = this;
    const bucketMs = Math.max(1, Math.round((to - from) / Math.max(100, chart.width)));
    const { line, lone } = lineAndLone(points);
    const kept = points.length > 2 * chart.width ? thinnedLine(line, bucketMs) : line;
    const inside = ({ x }) => x >= from && x <= to;
    const sets = [kept, lone.filter(inside), points.filter((point) => point.anomaly && inside(point))];
    sets.forEach((data, i) => (chart.data.datasets[i].data = data));
    Object.assign(chart.options.scales.x, { min: from, max: to });
    chart.update("none");
  }

  timeAt(pixel) {
    return this.chart.scales.x.getValueForPixel(pixel);
  }
}

// Each stretch without a gap on its own: the breaks between them must stay.
function thinnedLine(line, bucketMs) {
  const kept = [];
  let start = 0;
  line.forEach((point, i) => {
    if (!Number.isNaN(point.y)) return;
    kept.push(...thin(line.slice(start, i), bucketMs), point);
    start = i + 1;
  });
  kept.push(...thin(line.slice(start), bucketMs));
  return kept;
}

function datasets(theme) {
  const line = { borderColor: theme.trace, borderWidth: 0.085 * theme.rem, pointRadius: 0, pointHitRadius: 0, order: 3 };
  // Not clipped: what is newest lies on the edge, and a half triangle is easily overlooked.
  const lone = { clip: false, showLine: false, pointRadius: 0.13 * theme.rem, backgroundColor: theme.trace, borderWidth: 0, order: 2 };
  const anomalies = {
    clip: false,
    showLine: false,
    pointStyle: "triangle",
    pointRadius: Math.max(6, 0.42 * theme.rem),
    pointHoverRadius: Math.max(8, 0.55 * theme.rem),
    pointHitRadius: 6,
    backgroundColor: theme.alarm,
    borderColor: theme.panel, // keeps neighbours apart
    borderWidth: 1,
    hoverBackgroundColor: theme.alarm,
    hoverBorderColor: theme.text,
    order: 1,
  };
  return [
    { label: "measurement", data: [], ...line },
    { label: "measurement", data: [], ...lone },
    { label: "anomaly", data: [], ...anomalies },
  ];
}

