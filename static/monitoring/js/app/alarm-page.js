// The page as the server makes it now, for pages about alarms that follow what happens.

const TIMEOUT_MS = 10000;

/**
 * Return an element of this page as the server makes it now; null if the request fails.
 * @param {string} id
 */
export async function elementNow(id) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const options = /** @type {const} */ ({ headers: { Accept: "text/html" }, cache: "no-store" });
  const text = await fetch(location.href, { ...options, signal })
    .then((response) => (response.ok ? response.text() : null))
    .catch(() => null);
  if (text === null) return null;
  const page = new DOMParser().parseFromString(text, "text/html");
  return { element: /** @type {HTMLElement | null} */ (page.querySelector(`#${id}`)), page };
}

/**
 * Return the alarm that an element of the page is about.
 * @param {HTMLElement} node
 */
export function subjectOf({ dataset }) {
  const { id, occurrence, name = "", title = "" } = dataset;
  return { id: Number(id), occurrence: occurrence ? Number(occurrence) : null, name, title };
}
