// Parts of a page that the server makes anew every few seconds: `?part=NAME` of the page's address.
import { setAttribute, setText } from "../base/dom.js";
import { whenVisible } from "../base/pause.js";
import { failureOf } from "../base/request.js";
import { localiseTimes } from "../base/times.js";

const TIMEOUT_MS = 10000;
const LOST = "No answer from the server: what is shown may be old.";

/**
 * Write the new elements in the place of those with the same ids; all of them if the ids differ.
 * @param {Element} part
 * @param {Element} fresh
 */
export function update(part, fresh) {
  const [old, next] = [part, fresh].map((root) => [...root.querySelectorAll("[id]")]);
  if (!old.length || old.map(({ id }) => id).join() !== next.map(({ id }) => id).join()) {
    part.replaceChildren(...fresh.childNodes);
    return;
  }
  next.forEach((node, i) => {
    if (node.querySelector("[id]") || old[i].isEqualNode(node)) return;
    for (const { name } of [...old[i].attributes]) if (!node.hasAttribute(name)) old[i].removeAttribute(name);
    for (const { name, value } of node.attributes) setAttribute(old[i], name, value);
    old[i].replaceChildren(...node.childNodes);
  });
}

/**
 * Return the address of a part, with the fields of the form that the part depends on.
 * @param {HTMLElement} part
 * @param {string} page the address of the page
 */
export function addressOf({ dataset }, page) {
  const address = new URL(page);
  address.hash = "";
  address.searchParams.set("part", dataset.live ?? "");
  const form = document.getElementById(dataset.form ?? "");
  if (form instanceof HTMLFormElement) {
    for (const [name, value] of new FormData(form)) {
      if (name !== "csrfmiddlewaretoken") address.searchParams.set(name, String(value));
    }
  }
  return address;
}

/**
 * Read a part anew. Throws RequestFailed, or TypeError without an answer.
 * @param {HTMLElement} part
 */
async function refresh(part) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const options = /** @type {const} */ ({ headers: { Accept: "text/html" }, cache: "no-store" });
  const response = await fetch(addressOf(part, location.href), { ...options, signal });
  if (!response.ok) throw failureOf(response);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
  localiseTimes(fresh);
  update(part, fresh);
}

/**
 * Keep a part up to date while the page is visible, until the part says that it is over.
 * @param {HTMLElement} part
 * @param {Element | null} lost where to say that the server does not answer
 */
export async function follow(part, lost) {
  const pause = Number(part.dataset.every);
  let isFirst = part.dataset.form !== undefined; // made by the script alone
  while (!part.hasAttribute("data-over") && !part.querySelector("[data-over]")) {
    if (!isFirst) await new Promise((resolve) => setTimeout(resolve, pause));
    isFirst = false;
    await whenVisible();
    const problem = await refresh(part).then(
      () => "",
      () => LOST,
    );
    if (!lost) continue;
    setText(lost, problem);
    lost.toggleAttribute("hidden", !problem);
  }
}
