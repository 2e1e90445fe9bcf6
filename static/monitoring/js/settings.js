// What the server put into the page for the scripts.
export const settings = JSON.parse(document.getElementById("settings").textContent);
export const tags = new Map(settings.tags.map((tag) => [tag.name, tag]));

/** The tag's definition; of one that was made after the page, what can be said without it. */
export function tagOf(name) {
  return tags.get(name) ?? { name, unit: "", decimals: 3, lower: null, upper: null };
}
