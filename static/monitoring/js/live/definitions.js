// Changed definitions of tags, such as limits: an open page is loaded again, with the view that its address has.
import { settings } from "../base/settings.js";

const LOOK_AGAIN_MS = 1000;
let known = settings.definitions;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * Call `renew` when the definitions differ from those of this page, but not while a person types, or a dialog is open.
 * @param {string | undefined} definitions as /health sends them; empty if unknown
 * @param {() => Promise<string | null>} renew returns the definitions that the page has then; null if it has failed
 */
export function noteDefinitions(definitions, renew) {
  if (!definitions || definitions === known) return;
  known ||= definitions; // the server made this page without the database
  if (definitions === known || waiting !== undefined) return;
  const attempt = async () => {
    if (isBusy()) {
      waiting = setTimeout(attempt, LOOK_AGAIN_MS);
      return;
    }
    waiting = undefined;
    known = (await renew()) ?? known;
  };
  attempt();
}

/** Return whether a person would lose input. */
function isBusy() {
  const active = document.activeElement;
  const isTyping = active?.matches("input:not([type=checkbox]), textarea") ?? false;
  return isTyping || document.querySelector("dialog[open]") !== null;
}
