// The fields of the note dialog's form as the server takes them.

/**
 * A time that the form was filled with. `text`: the input's value as read back, since browsers shorten values; `iso`: the
 * time itself, with fractions and without the ambiguity of a repeated hour; undefined for now by the server's clock, null
 * for none.
 * @typedef {{text: string, iso: string | null | undefined}} FilledTime
 *
 * What the open dialog does: `note`: the note to correct or withdraw.
 * @typedef {{act: import("./note-dialog.js").NoteAct, note: import("./note-dialog.js").NoteItem | null,
 *   start: FilledTime, end: FilledTime}} NoteTask
 *
 * @typedef {{tags: string[], groups: string[], vessels: string[]}} Subjects
 */

const GROUP = "Group: ";
const VESSEL = "Vessel: ";

/**
 * Return the names to choose a subject from.
 * @param {Subjects} subjects
 */
export const subjectNames = ({ tags, groups, vessels }) => [
  ...vessels.map((name) => VESSEL + name),
  ...groups.map((name) => GROUP + name),
  ...tags,
];

/**
 * Return the fields of the form for the server. Times that the writer has not changed are left out of a correction.
 * @param {Record<string, string>} values
 * @param {NoteTask} task
 * @param {Subjects} subjects those that are known
 */
export function bodyOf({ text, kind, about = "", start, end, reason, name }, task, subjects) {
  const named = name ? { name } : {};
  const { act, note } = task;
  if (act === "withdraw") return { ...named, version: note?.version, reason };
  const times = {
    ...(start === task.start.text ? unchanged(note, { start: task.start.iso }) : { start: isoOf(start) ?? undefined }),
    ...(end === task.end.text ? unchanged(note, { end: task.end.iso }) : { end: isoOf(end) }),
  };
  return note
    ? { ...named, version: note.version, text, kind, reason, ...times }
    : { ...named, ...subjectOf(about, subjects), text, kind, ...times };
}

/**
 * @param {NoteTask["note"]} note
 * @param {Record<string, string | null | undefined>} times
 */
const unchanged = (note, times) => (note ? {} : times);

/**
 * Return the tag, group or vessel with the name that was chosen or typed. An unknown name counts as a tag.
 * @param {string} about
 * @param {Subjects} subjects
 */
function subjectOf(about, { tags, groups, vessels }) {
  if (about.startsWith(VESSEL)) return { vessel: about.slice(VESSEL.length) };
  if (about.startsWith(GROUP)) return { group: about.slice(GROUP.length) };
  if (tags.includes(about)) return { tag: about };
  if (vessels.includes(about)) return { vessel: about };
  return groups.includes(about) ? { group: about } : { tag: about };
}

/**
 * Return the time of an input as ISO 8601; null if the input is empty or not a time.
 * @param {string} text
 */
function isoOf(text) {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
