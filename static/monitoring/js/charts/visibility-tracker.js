// Tracks which elements are in or near the view: the others are not drawn.
const MARGIN = "50% 0px"; // of the window's height: elements are drawn before they scroll into view

export class VisibilityTracker {
  /** @type {WeakSet<Element>} */
  near = new WeakSet();
  /** Whether all elements count as near: for a print of the whole page. */
  isAll = false;

  /** @param {(element: HTMLElement, isNear: boolean) => void} onChange called when an element enters or leaves */
  constructor(onChange) {
    /** @param {IntersectionObserverEntry[]} entries */
    const update = (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (this.near.has(target) === isIntersecting) continue;
        if (isIntersecting) this.near.add(target);
        else this.near.delete(target);
        onChange(/** @type {HTMLElement} */ (target), isIntersecting);
      }
    };
    this.observer = new IntersectionObserver(update, { rootMargin: MARGIN });
  }

  /** @param {HTMLElement} element */
  observe(element) {
    this.observer.observe(element);
  }

  /**
   * Return whether an element is in or near the view.
   * @param {HTMLElement} element
   */
  has(element) {
    return this.isAll || this.near.has(element);
  }
}
