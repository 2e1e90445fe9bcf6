/**
 * Return the first index from 0 to `length` for which `isBefore` is false (binary search). `isBefore` must be true for
 * all indexes before and false for all after.
 * @param {number} length
 * @param {(index: number) => boolean} isBefore
 */
export function firstIndex(length, isBefore) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
