// The page of notes: notes are written, corrected and withdrawn in the dialog; the list follows.
import { elementNow } from "../app/alarm-page.js";
import { onNoteSaved, openNote } from "../app/note-dialog.js";
import { wireTimeFilters } from "../app/time-filters.js";
import { descendant, setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

const list = document.getElementById("notes");
let opener = ""; // a selector of the button that opened the dialog last

function offer() {
  for (const acts of list.querySelectorAll(".rate")) acts.removeAttribute("data-idle");
  localiseTimes();
  setText(document.getElementById("zone"), zoneText());
}

list.addEventListener("click", ({ target }) => {
  const button = /** @type {HTMLElement} */ (target).closest("[data-note]");
  const item = button?.closest("li");
  if (!button || !item) return;
  opener = `#${item.id} [data-note=${button.dataset.note}]`;
  const act = /** @type {import("../app/note-dialog.js").NoteAct} */ (button.dataset.note);
  openNote(act, JSON.parse(descendant(item, "script").textContent ?? ""));
});

/** Give the focus back to the button that opened the dialog: the one that had the focus may be replaced. */
function restoreFocus() {
  const active = document.activeElement; // a button of the dialog may have it until the next frame
  const isLost = active === document.body || active?.closest("dialog:not([open])");
  if (!opener || document.querySelector("dialog[open]") || !isLost) return;
  (document.querySelector(opener) ?? document.getElementById("note-add"))?.focus();
}

onNoteSaved(async (isDone) => {
  const page = await elementNow("notes");
  if (!page?.element) return isDone && location.reload(); // after a failure the dialog keeps the writer's text
  list.replaceChildren(...[...page.element.children].map((node) => document.adoptNode(node)));
  offer();
  restoreFocus();
});
document.getElementById("note-dialog")?.addEventListener("close", restoreFocus);
offer();
wireTimeFilters();
