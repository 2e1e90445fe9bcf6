// Waiting, and being woken.

/** A pause, and what cuts it short. */
export function makePause() {
  let end = () => {};
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
