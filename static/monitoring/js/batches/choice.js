/**
 * Return what the page tells of the batches that are ticked, and whether that many can be compared.
 * @param {number} count
 * @param {number} most
 */
export function choiceText(count, most) {
  const isPossible = count >= 2 && count <= most;
  if (count < 2) return { isPossible, text: `Tick 2 to ${most} batches.` };
  return { isPossible, text: count > most ? `${count} ticked: at most ${most}.` : `${count} ticked.` };
}
