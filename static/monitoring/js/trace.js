// From measurements to what a chart draws: not more than its pixels can show, and honest about gaps.
const GAP_MS = 5000;

/** At most the first, lowest, highest and last point of each bucket: no extreme is lost. */
export function thin(points, bucketMs) {
  const kept = [];
  let start = 0;
  for (let end = 1; end <= points.length; end++) {
    // Buckets lie fixed in time, else the line would tremble as the window moves.
    if (end < points.length && bucket(points[end], bucketMs) === bucket(points[start], bucketMs)) continue;
    keepOutline(points, start, end, kept);
    start = end;
  }
  return kept;
}

const bucket = (point, bucketMs) => Math.floor(point.x / bucketMs);

function keepOutline(points, start, end, kept) {
  let low = start;
  let high = start;
  for (let i = start; i < end; i++) {
    if (points[i].y < points[low].y) low = i;
    if (points[i].y > points[high].y) high = i;
  }
  const places = new Set([start, low, high, end - 1].sort((a, b) => a - b));
  for (const place of places) kept.push(points[place]);
}

/** The line with a break wherever nothing was measured, and the points that no line touches. */
export function lineAndLone(points, gapMs = GAP_MS) {
  const line = [];
  const lone = [];
  points.forEach((point, i) => {
    const before = i > 0 && point.x - points[i - 1].x <= gapMs;
    const after = i + 1 < points.length && points[i + 1].x - point.x <= gapMs;
    if (!before && i > 0) line.push({ x: point.x, y: NaN });
    line.push(point);
    if (!before && !after) lone.push(point);
  });
  return { line, lone };
}
