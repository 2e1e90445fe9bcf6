// Which piece of a tag's history a chart asks for: more than it shows, and the same while it moves a little.
const MOST_POINTS = 5000; // that one answer may have
const WIDTHS = [200, 300, 400, 600, 900, 1200]; // few, so that a window's width changes no step
const FINE_MS = 3950000; // so long a chunk is answered in steps of seconds, a longer one in minutes
const ROOM = [1 / 2, 1 / 4, 1 / 8, 1 / 16]; // beside the range, as parts of it: as much as leaves the steps fine
const EARLIEST = Date.parse("0001-01-02T00:00:00Z");
const LATEST = Date.parse("9999-12-30T00:00:00Z");

/** How many intervals a chart of this many pixels is given. */
export const pointsFor = (width) => WIDTHS.find((points) => points >= width / 2) ?? WIDTHS.at(-1);

/**
 * The chunk that holds a range with room on both sides. Its ends lie on a grid and its length depends on
 * the range's length only: who moves gets the same chunks, in the same steps. `aheadMs` is how far the
 * range will have moved before the next chunk can be there.
 */
export function chunkAround({ from, to }, points, aheadMs = 0) {
  const span = to - from;
  const [roomy, ...tight] = ROOM.map((share) => lengths(span, Math.max(span * share, 2 * aheadMs)));
  const { grid, length } = [roomy, ...tight].find((chunk) => chunk.length <= FINE_MS) ?? roomy;
  const first = Math.floor(from / grid - 0.5) * grid;
  const asked = Math.min(MOST_POINTS, Math.ceil((points * length) / span / 100) * 100);
  return { from: Math.max(EARLIEST, first), to: Math.min(LATEST, first + length), points: asked };
}

function lengths(span, atMost) {
  const grid = 2 ** Math.floor(Math.log2(atMost));
  return { grid, length: (Math.ceil(span / grid) + 2) * grid };
}
