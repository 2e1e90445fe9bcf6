/** The first place from 0 to `length` of which `isBefore` no longer holds; it holds of all before that. */
export function firstPlace(length, isBefore) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
