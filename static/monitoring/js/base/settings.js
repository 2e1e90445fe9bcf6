// What the server put into the page for the scripts.
export const settings = JSON.parse(document.getElementById("settings").textContent);
export const tags = new Map(settings.tags.map((tag) => [tag.name, tag]));

/** How far back every measurement is kept at hand, and what the line beside a value tells. */
export const LIVE_MS = settings.liveMs;

/** A reading that is ahead of the server's clock by no more counts as one of now. */
export const AHEAD_MS = settings.aheadMs;

/** The tag's definition; of one that was made after the page, what can be said without it. */
export function tagOf(name) {
  return tags.get(name) ?? { name, unit: "", decimals: 3, lower: null, upper: null, staleAfterMs: settings.staleAfterMs };
}
