// What the server put into the page for the scripts.
export const settings = JSON.parse(document.getElementById("settings").textContent);
export const tags = new Map(settings.tags.map((tag) => [tag.name, tag]));

/** How far back every measurement is kept at hand: the longest of the presets that show each of them. */
export const LIVE_MS = Math.max(...Object.values(settings.presets).map(({ ms }) => ms).filter((ms) => ms <= settings.rawMs));

/** The tag's definition; of one that was made after the page, what can be said without it. */
export function tagOf(name) {
  return tags.get(name) ?? { name, unit: "", decimals: 3, lower: null, upper: null };
}
