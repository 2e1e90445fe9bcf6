// The page as the server makes it now, for pages about alarms that follow what happens.

/**
 * Return an element of this page as the server makes it now; null if the request fails.
 * @param {string} id
 */
export async function elementNow(id) {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(
    () => null,
  );
  if (!response?.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
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
