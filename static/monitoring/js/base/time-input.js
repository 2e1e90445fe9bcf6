// Times for inputs, on every page: also on those without the settings that the clock needs.

/**
 * Return the time as an input of the type datetime-local takes it: local, without a zone.
 * @param {number} ms
 */
export function inputText(ms) {
  const local = new Date(ms);
  local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
  return local.toISOString().slice(0, 19);
}
