// The dialog in which people write, correct and withdraw notes; on every page, by the key N or a button.
import { sendTo, storedName, storeName } from "./alarm-acts.js";
import { setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";
import { inputText } from "../base/time-input.js";
import { alarmSettings } from "../live/alarms.js";

/**
 * A note as /notes sends it. Times are ISO 8601; `tag` is null for a note on a group or, without one, on the plant.
 * @typedef {{id: number, tag: string | null, group: string, start: string, end: string | null, text: string, by: string,
 *   at: string, version: number, withdrawn_at: string | null}} NoteItem
 *
 * What a new note is about unless the writer changes it: `about`: a tag or a group; `start`: epoch milliseconds.
 * @typedef {{about: string, start: number}} NoteContext
 *
 * @typedef {"write" | "correct" | "withdraw"} NoteAct
 */

const KEY = "fermon-note-key";
const GROUP = "Group: ";
/** @type {Record<NoteAct, string>} */
const QUESTIONS = {
  write: "Write a note",
  correct: "Correct the note",
  withdraw: "Withdraw the note",
};
const dialog = document.getElementById("note-dialog");
const form = document.getElementById("note-form");
const refused = document.getElementById("note-refused");
/** @type {(() => void)[]} */
const listeners = [];
/** @type {() => NoteContext} */
let contextOf = () => ({
  about: document.querySelector("[data-note-about]")?.dataset.noteAbout ?? "",
  start: Date.now(),
});
/** @type {{act: NoteAct, note: NoteItem | null}} */
let current = { act: "write", note: null };
let isSending = false;

/**
 * Call back after a note was written, corrected or withdrawn.
 * @param {() => void} callback
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
  current = { act, note };
  form.reset();
  setText(document.getElementById("note-question"), QUESTIONS[act]);
  setText(document.getElementById("note-ok"), QUESTIONS[act].split(" ")[0]);
  setText(document.getElementById("note-zone"), Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time");
  setText(refused, "");
  for (const row of form.querySelectorAll("[data-for]")) {
    const kinds = (row.dataset.for ?? "").split(" ");
    row.hidden = kinds.includes("name") ? Boolean(alarmSettings?.isSignedIn) : !kinds.includes(act);
  }
  fill(note);
  dialog.showModal();
  document.getElementById(act === "withdraw" ? "note-reason" : "note-text").focus();
  if (act === "write") offerSubjects();
}

/** @param {NoteItem | null} note */
function fill(note) {
  const { about, start } = note ? { about: "", start: Date.parse(note.start) } : contextOf();
  document.getElementById("note-text").value = note?.text ?? "";
  document.getElementById("note-about").value = about;
  document.getElementById("note-start").value = inputText(start);
  document.getElementById("note-end").value = note?.end ? inputText(Date.parse(note.end)) : "";
  document.getElementById("note-name").value = storedName();
  document.getElementById("note-key").checked = isKeyOn();
}

/** Offer tags and groups to choose from; without them, names can be typed. */
async function offerSubjects() {
  const list = document.getElementById("note-subjects");
  if (list.children.length) return;
  try {
    const { body } = await get(`${alarmSettings?.notes}/subjects`);
    const names = [...body.groups.map((/** @type {string} */ name) => GROUP + name), ...body.tags];
    list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
  }
}

/**
 * Return the time of an input as ISO 8601; null if the input is empty or not a time.
 * @param {string} text
 */
function isoOf(text) {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/**
 * Return the fields of the form for the server. A time that the writer has not changed is left out.
 * @param {Record<string, string>} values
 */
export function bodyOf({ text, about = "", start, end, reason, name }) {
  const { act, note } = current;
  const named = name ? { name } : {};
  if (act === "withdraw") return { ...named, version: note?.version, reason };
  const subject = about.startsWith(GROUP) ? { group: about.slice(GROUP.length) } : { tag: about };
  if (!note)
    return {
      ...named,
      ...subject,
      text,
      start: isoOf(start) ?? undefined,
      end: isoOf(end),
    };
  const times = {
    ...(start !== inputText(Date.parse(note.start)) && {
      start: isoOf(start) ?? undefined,
    }),
    ...(end !== (note.end ? inputText(Date.parse(note.end)) : "") && {
      end: isoOf(end),
    }),
  };
  return { ...named, version: note.version, text, reason, ...times };
}

/** @returns {Promise<import("./alarm-acts.js").Outcome>} */
function save() {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  if (alarmSettings?.isSignedIn) delete values.name;
  else storeName(values.name);
  const [{ act, note }, url] = [current, alarmSettings?.notes ?? ""];
  if (act === "write") return sendTo(url, bodyOf(values));
  if (act === "correct") return sendTo(`${url}/${note?.id}`, bodyOf(values), "PATCH");
  return sendTo(`${url}/${note?.id}/withdraw`, bodyOf(values));
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (isSending) return; // Enter twice is one act
  isSending = true;
  const outcome = await save().finally(() => {
    isSending = false;
  });
  if (!outcome.isDone) return setText(refused, outcome.text);
  dialog?.close();
  const done = {
    write: "Written.",
    correct: "Corrected.",
    withdraw: "Withdrawn.",
  }[current.act];
  setText(document.getElementById("alarm-said"), `Note: ${done}`);
  for (const listener of listeners) listener();
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
