// Which cards of a wall screen are shown: those that need a person always, the others in turn.
import { urgentFirst } from "./card-order.js";

/**
 * A grid of cards: `columns` times `rows` places.
 * @typedef {{columns: number, rows: number}} Grid
 */

// Letters of the state are then 2.6 % of the screen's height or more: read from five metres on a screen of 55 inches.
const MOST_COLUMNS = 5;
const MOST_ROWS = 4;
const BEST_SHAPE = 1.6; // width of a card by its height
/** The share of the places that turns when more cards need a person than there are places. */
const TURNING_SHARE = 4;

/**
 * Return the smallest grid with a place for each card, or the largest one that can be read. A message in place of
 * cards has all of it.
 * @param {number} count of cards
 * @param {number} shape width of the screen by its height
 * @returns {Grid}
 */
export function gridFor(count, shape) {
  const places = Math.max(1, count);
  let best = { columns: MOST_COLUMNS, rows: MOST_ROWS };
  let bestCost = Infinity;
  for (let rows = 1; rows <= MOST_ROWS; rows++) {
    const columns = Math.ceil(places / rows);
    if (columns > MOST_COLUMNS) continue;
    const misfit = Math.abs(Math.log((shape * rows) / columns / BEST_SHAPE));
    const cost = misfit + 0.15 * (columns * rows - places);
    if (cost < bestCost) [best, bestCost] = [{ columns, rows }, cost];
  }
  return best;
}

/**
 * Return the cards of one page, and how many pages there are. Cards that need a person are on every page.
 * @template {{urgency: number}} CardLike
 * @param {CardLike[]} cards
 * @param {number} places
 * @param {number} turn counts up; each page comes in its turn
 * @returns {{shown: CardLike[], page: number, pages: number, pinned: number}}
 */
export function pageOf(cards, places, turn) {
  const sorted = urgentFirst(cards);
  if (sorted.length <= places) return { shown: sorted, page: 1, pages: 1, pinned: sorted.length };
  const urgent = sorted.filter(({ urgency }) => urgency > 0).length;
  const pinned = Math.min(urgent, places - Math.max(1, Math.floor(places / TURNING_SHARE)));
  const others = sorted.slice(pinned);
  const turning = places - pinned;
  const pages = Math.ceil(others.length / turning);
  const page = turn % pages;
  const shown = [...sorted.slice(0, pinned), ...others.slice(page * turning, (page + 1) * turning)];
  return { shown, page: page + 1, pages, pinned };
}
