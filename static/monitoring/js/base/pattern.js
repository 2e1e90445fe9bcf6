// Sentences of the server with places for values, as Python's str.format has them.

/**
 * Return the pattern with its places filled: {} in turn, {name} by name.
 * @param {string} pattern
 * @param {(string | number)[] | Record<string, string | number>} values
 */
export function filled(pattern, values) {
  const byName = /** @type {Record<string, string | number>} */ (values);
  let next = 0;
  return pattern.replace(/\{(\w*)\}/g, (_place, name) => String(byName[name || next++]));
}
