// Kinds of tags: which are drawn in steps, and the names of states. monitoring/kernel/tag_definition.py says more.

/** @typedef {import("./settings.js").Tag} Tag */

const ELLIPSIS = "…";

/**
 * Return whether a value holds until the next one: such a tag is drawn in steps, without breaks between values.
 * @param {Pick<Tag, "kind">} tag
 */
export const isHeld = ({ kind }) => kind === "setpoint" || kind === "discrete";

/**
 * Return for how long the last value of a tag holds, in milliseconds: until the tag is stale; 0 for other kinds.
 * @param {Pick<Tag, "kind" | "staleAfterMs">} tag
 */
export const heldMs = (tag) => (isHeld(tag) ? tag.staleAfterMs : 0);

/**
 * Return the name of the state that a value stands for; empty if it has none.
 * @param {Pick<Tag, "states">} tag
 * @param {number} value
 */
export const stateName = ({ states }, value) => (Object.hasOwn(states, String(value)) ? states[String(value)] : "");

/**
 * Return the states of a tag in order of their numbers.
 * @param {Pick<Tag, "states">} tag
 */
export const statesOf = ({ states }) =>
  Object.entries(states)
    .map(([number, name]) => ({ value: Number(number), name }))
    .sort((one, other) => one.value - other.value);

/**
 * Return at most `most` states between two values as ticks of an axis, evenly chosen, with names of at most `letters`.
 * @param {Pick<Tag, "states">} tag
 * @param {{min: number, max: number}} axis
 * @param {number} most
 * @param {number} letters
 */
export function stateTicks(tag, { min, max }, most, letters) {
  const found = statesOf(tag).filter(({ value }) => value >= min && value <= max);
  const every = Math.ceil(found.length / most);
  return found.filter((_, i) => i % every === 0).map(({ value, name }) => ({ value, text: shortened(name, letters) }));
}

/** @type {(name: string, letters: number) => string} */
const shortened = (name, letters) =>
  name.length > letters ? `${name.slice(0, letters - 1).trimEnd()}${ELLIPSIS}` : name;
