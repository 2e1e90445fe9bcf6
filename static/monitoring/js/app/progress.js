// The progress of work on the server: a bar, a sentence, and a reload of the page at the end.
import { setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";

const EVERY_MS = 1000;

/**
 * Keep bar and sentence up to date until the work is over, then load the page anew.
 * @param {HTMLProgressElement} bar has the address of the progress
 * @param {Element} status
 * @param {(body: any) => boolean} isOver
 */
export async function followProgress(bar, status, isOver) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    try {
      const { body } = await get(bar.dataset.address ?? "");
      if (isOver(body)) {
        location.reload();
        return;
      }
      bar.value = body.share;
      setText(status, body.told);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error; // the next attempt follows
    }
  }
}
