// Writes to the page only what differs: nothing flickers, no selected text is lost.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function setIcon(root, name) {
  setAttribute(root.querySelector(".icon use"), "href", `#icon-${name}`);
}

/**
 * The element's parts by the names that the template gave them.
 * @param {Element} root
 * @returns {Record<string, any>} elements of whichever kind the template has there
 */
export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
}
