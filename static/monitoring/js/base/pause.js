// Waiting, and being woken.

/**
 * A pause, and what cuts it short.
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

/** Waits until somebody can see the page. */
export async function whenVisible() {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
