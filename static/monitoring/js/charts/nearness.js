// Which parts of the page are in view or nearly: the others cost nothing.
const MARGIN = "50% 0px"; // of the window's height: who scrolls finds them drawn

export class Nearness {
  near = new WeakSet();

  /** `onChange(element, isNear)`: it came near, or went. */
  constructor(onChange) {
    const take = (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (this.has(target) === isIntersecting) continue;
        if (isIntersecting) this.near.add(target);
        else this.near.delete(target);
        onChange(target, isIntersecting);
      }
    };
    this.observer = new IntersectionObserver(take, { rootMargin: MARGIN });
  }

  observe(element) {
    this.observer.observe(element);
  }

  has(element) {
    return this.near.has(element);
  }
}
