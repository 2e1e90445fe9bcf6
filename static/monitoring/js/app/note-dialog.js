// The dialog in which people write, correct and withdraw notes; on every page, by the key N or a button.
import { sendTo, storedName, storeName } from "./alarm-acts.js";
import { bodyOf, subjectNames } from "./note-body.js";
import { setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";
import { inputText } from "../base/time-input.js";
import { alarmSettings } from "../live/alarms.js";

/**
 * A note as /notes sends it. Times are ISO 8601; `tag` is null for a note on a group or, without one, on the plant.
 * `vessel` and `batch_name`: what the note is on, or null; `tags`: of a note on a vessel, the tags bound to it at that time.
 * @typedef {{id: number, tag: string | null, group: string, vessel: string | null, batch: number | null,
 *   batch_name: string | null, tags: string[], kind: string, start: string, end: string | null, text: string, by: string,
 *   at: string, version: number, withdrawn_at: string | null}} NoteItem
 *
 * What a new note is about unless the writer changes it: `about`: a tag or a group; `start`: epoch milliseconds;
 * `isNow`: the server is to take its own time, since the viewer's clock may be wrong.
 * @typedef {{about: string, start: number, isNow?: boolean}} NoteContext
 *
 * @typedef {"write" | "correct" | "withdraw"} NoteAct
 */

const KEY = "fermon-note-key";
/** @type {Record<NoteAct, string>} */
const QUESTIONS = {
  write: "Write a note",
  correct: "Correct the note",
  withdraw: "Withdraw the note",
};
const dialog = document.getElementById("note-dialog");
const form = document.getElementById("note-form");
const refused = document.getElementById("note-refused");
/** @type {((isDone: boolean) => void)[]} */
const listeners = [];
/** @type {() => NoteContext} */
let contextOf = () => ({
  about: document.querySelector("[data-note-about]")?.dataset.noteAbout ?? "",
  start: Date.now(),
  isNow: true,
});
/** @type {import("./note-body.js").NoteTask | null} */
let current = null;
/** @type {WeakSet<object>} tasks that wait for the server */
const sending = new WeakSet();
/** @type {import("./note-body.js").Subjects} */
let subjects = { tags: [], groups: [], vessels: [] };

/**
 * Call back after a note was written, corrected or withdrawn, and after a refusal: somebody else may have changed the note.
 * @param {(isDone: boolean) => void} callback
 */
export const onNoteSaved = (callback) => listeners.push(callback);

/**
 * Say what a new note on this page is about.
 * @param {() => NoteContext} context
 */
export function useNoteContext(context) {
  contextOf = context;
}

/** Show the button of the page that writes a note, and wire it. */
export function wireNoteButton() {
  const button = document.getElementById("note-add");
  if (!button || !dialog) return;
  button.removeAttribute("data-idle");
  button.addEventListener("click", () => openNote("write"));
}

/**
 * Open the dialog.
 * @param {NoteAct} act
 * @param {NoteItem | null} note the note to correct or withdraw
 */
export function openNote(act, note = null) {
  if (!dialog || dialog.open) return;
  form.reset();
  setText(document.getElementById("note-question"), QUESTIONS[act]);
  setText(document.getElementById("note-ok"), QUESTIONS[act].split(" ")[0]);
  setText(document.getElementById("note-zone"), Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time");
  setText(refused, "");
  for (const row of form.querySelectorAll("[data-for]")) {
    const kinds = (row.dataset.for ?? "").split(" ");
    row.hidden = kinds.includes("name") ? Boolean(alarmSettings?.isSignedIn) : !kinds.includes(act);
  }
  current = { act, note, ...fill(note) };
  dialog.showModal();
  document.getElementById(act === "withdraw" ? "note-reason" : "note-text").focus();
  if (act === "write") offerSubjects();
}

/**
 * Fill the form; return the times that it was filled with.
 * @param {NoteItem | null} note
 */
function fill(note) {
  const { about, start, isNow = false } = note ? { about: "", start: Date.parse(note.start) } : contextOf();
  document.getElementById("note-text").value = note?.text ?? "";
  document.getElementById("note-about").value = about;
  document.getElementById("note-kind").value = note?.kind ?? "note";
  document.getElementById("note-name").value = storedName();
  document.getElementById("note-key").checked = isKeyOn();
  const [from, until] = [document.getElementById("note-start"), document.getElementById("note-end")];
  from.value = inputText(start);
  until.value = note?.end ? inputText(Date.parse(note.end)) : "";
  const iso = isNow ? undefined : (note?.start ?? new Date(start).toISOString());
  return { start: { text: from.value, iso }, end: { text: until.value, iso: note?.end ?? null } };
}

/** Offer tags and groups to choose from; without them, names can be typed. */
async function offerSubjects() {
  const list = document.getElementById("note-subjects");
  if (list.children.length) return;
  try {
    const { body } = await get(`${alarmSettings?.notes}/subjects`);
    subjects = body;
    list.replaceChildren(
      ...subjectNames(subjects).map((name) => Object.assign(document.createElement("option"), { value: name })),
    );
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
  }
}

/**
 * @param {import("./note-body.js").NoteTask} task
 * @returns {Promise<import("./alarm-acts.js").Outcome>}
 */
function save(task) {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  if (alarmSettings?.isSignedIn) delete values.name;
  else storeName(values.name);
  const [{ act, note }, url] = [task, alarmSettings?.notes ?? ""];
  const body = bodyOf(values, task, subjects);
  if (act === "write") return sendTo(url, body);
  if (act === "correct") return sendTo(`${url}/${note?.id}`, body, "PATCH");
  return sendTo(`${url}/${note?.id}/withdraw`, body);
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const task = current;
  if (!task || sending.has(task)) return; // Enter twice is one act
  sending.add(task);
  const outcome = await save(task).finally(() => sending.delete(task));
  // The dialog may have been closed meanwhile, and be open for another note.
  const isOpen = current === task && dialog?.open;
  if (isOpen && outcome.isDone) dialog.close();
  if (isOpen && !outcome.isDone) setText(refused, outcome.text);
  else announce(task.act, outcome);
  for (const listener of listeners) listener(outcome.isDone);
}

/** @type {(act: NoteAct, outcome: import("./alarm-acts.js").Outcome) => void} */
function announce(act, { isDone, text }) {
  const done = { write: "Written.", correct: "Corrected.", withdraw: "Withdrawn." }[act];
  setText(document.getElementById("alarm-said"), `Note: ${isDone ? done : text}`);
}

/** @param {KeyboardEvent} event */
function onKey({ key, target, ctrlKey, altKey, metaKey }) {
  const isTyping = /** @type {HTMLElement} */ (target).closest("input, textarea, select, [contenteditable]");
  if (key.toLowerCase() !== "n" || ctrlKey || altKey || metaKey || isTyping) return false;
  return isKeyOn() && !document.querySelector("dialog[open]");
}

function isKeyOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // the browser stores nothing for this page
  }
}

/** @param {boolean} isOn */
function storeKey(isOn) {
  try {
    localStorage.setItem(KEY, isOn ? "on" : "off");
  } catch {
    // The browser stores nothing for this page: the choice ends with it.
  }
}

/** Wire the dialog and its key. A page for visitors who may not write notes has no dialog. */
export function wireNotes() {
  if (!dialog) return;
  form.addEventListener("submit", submit);
  document.getElementById("note-cancel").addEventListener("click", () => dialog?.close());
  const key = document.getElementById("note-key");
  key.addEventListener("change", () => storeKey(key.checked));
  document.addEventListener("keydown", (event) => {
    if (!onKey(event)) return;
    event.preventDefault(); // or the letter would be the first of the text
    openNote("write");
  });
  wireNoteButton();
}
