// Pauses that can be cut short.

/**
 * Return a function that waits, and a function that ends the current wait early.
 * @returns {[(ms: number) => Promise<void>, () => void]}
 */
export function makePause() {
  let end = () => {};
  /** @type {(ms: number) => Promise<void>} */
  const pause = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return [pause, () => end()];
}

/** Wait until the page is visible. */
export async function whenVisible() {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
