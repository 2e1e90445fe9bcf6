// Write to the page only where something differs: nothing flickers, and selected text stays selected.

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Split a name where a line may break: after "_", ".", "/" and "-". monitoring/dashboard/words.py has the same rule.
 * @param {string} name
 */
export const nameParts = (name) => name.match(/[^_./-]+[_./-]*|[_./-]+/g) ?? [];

/**
 * Write the name of a tag, in which a line may break between the parts.
 * @param {Element} node
 * @param {string} name
 */
export function setName(node, name) {
  if (node.textContent === name) return;
  node.replaceChildren(...nameParts(name).flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part])));
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Show another icon of the page's set in the icon inside `root`.
 * @param {Element} root
 * @param {string} name
 */
export function setIcon(root, name) {
  setAttribute(descendant(root, ".icon use"), "href", `#icon-${name}`);
}

/**
 * Return the first element inside `root` that matches a selector. Throws Error if the template has none.
 * @param {Element} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function descendant(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`No ${selector} in the page`);
  return found;
}

/**
 * Return the parts of an element by the names in their data-part attributes.
 * @param {Element} root
 * @returns {Record<string, any>} elements of the kind that the template has there
 */
export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
}

/**
 * Show each text in a list item of its own.
 * @param {HTMLElement} parent
 * @param {string[]} lines
 */
export function setLines(parent, lines) {
  while (parent.children.length > lines.length) parent.lastElementChild?.remove();
  lines.forEach((text, i) => setText(parent.children[i] ?? parent.appendChild(document.createElement("li")), text));
}
