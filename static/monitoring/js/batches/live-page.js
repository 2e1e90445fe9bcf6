// The parts of a batch's page that change while the batch runs, made anew by the server.
import { update } from "../app/live-parts.js";
import { setText } from "../base/dom.js";
import { whenVisible } from "../base/pause.js";
import { failureOf } from "../base/request.js";
import { localiseTimes } from "../base/times.js";
import { readMarks } from "./page-data.js";

const TIMEOUT_MS = 10000;
const LOST = "No answer from the server: what is shown may be old.";

/**
 * Renew the parts every few seconds until the batch has ended.
 * @param {number} everyMs
 * @param {() => void} onRenewed
 */
export async function renew(everyMs, onRenewed) {
  const lost = document.getElementById("batch-lost");
  while (readMarks().isRunning) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    await whenVisible();
    const problem = await renewOnce().then(
      () => "",
      () => LOST,
    );
    setText(lost, problem);
    lost.hidden = !problem;
    if (!problem) onRenewed();
  }
}

/** Replace the parts that differ. Throws RequestFailed, or TypeError without an answer. */
export async function renewOnce() {
  const options = /** @type {const} */ ({ headers: { Accept: "text/html" }, cache: "no-store" });
  const response = await fetch(location.pathname + location.search, {
    ...options,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw failureOf(response);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-renewed]")) {
    const fresh = page.querySelector(`#${part.id}`);
    if (!fresh || part.contains(document.activeElement)) continue; // a link that somebody is on stays
    localiseTimes(fresh);
    if (!fresh.isEqualNode(part)) update(part, fresh);
  }
}
