// The page of notes: notes are written, corrected and withdrawn in the dialog; the list follows.
import { elementNow } from "../app/alarm-page.js";
import { onNoteSaved, openNote } from "../app/note-dialog.js";
import { descendant, setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

const list = document.getElementById("notes");

function offer() {
  for (const acts of list.querySelectorAll(".rate")) acts.removeAttribute("data-idle");
  localiseTimes();
  setText(document.getElementById("zone"), zoneText());
}

list.addEventListener("click", ({ target }) => {
  const button = /** @type {HTMLElement} */ (target).closest("[data-note]");
  const item = button?.closest("li");
  if (!button || !item) return;
  const act = /** @type {import("../app/note-dialog.js").NoteAct} */ (button.dataset.note);
  openNote(act, JSON.parse(descendant(item, "script").textContent ?? ""));
});
onNoteSaved(async () => {
  const page = await elementNow("notes");
  if (!page?.element) return location.reload();
  list.replaceChildren(...[...page.element.children].map((node) => document.adoptNode(node)));
  offer();
});
offer();
