// From measurements to what a chart draws: not more than its pixels can show, and honest about gaps.
const USUAL = 0.75;
const LONGER = 1.5;
const ENOUGH = 8; // distances, to tell what is usual

// At most the first, lowest, highest and last point of each bucket: no extreme is lost.
function thin(points, bucketMs) {
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

/** From which distance on two times have a gap between them: a source that is slow by nature has none. */
export function gapMs(times, leastMs) {
  if (times.length <= ENOUGH) return leastMs;
  const distances = Float64Array.from(times.slice(1), (time, i) => time - times[i]).sort();
  return Math.max(leastMs, LONGER * distances[Math.floor(distances.length * USUAL)]);
}

/** The line with a break wherever nothing was measured, and the points that no line touches. */
export function lineAndLone(points, gap) {
  const line = [];
  const lone = [];
  points.forEach((point, i) => {
    const before = i > 0 && point.x - points[i - 1].x <= gap;
    const after = i + 1 < points.length && points[i + 1].x - point.x <= gap;
    if (!before && i > 0) line.push({ x: point.x, y: NaN });
    line.push(point);
    if (!before && !after) lone.push(point);
  });
  return { line, lone };
}

/** A line thinned in each stretch without a gap on its own: the breaks between them must stay. */
export function thinned(line, bucketMs) {
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
