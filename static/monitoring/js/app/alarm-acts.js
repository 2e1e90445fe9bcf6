// What people do about alarms: acknowledge, shelve and so on, each a request, some with a dialog before.
import { alarmSettings, refreshAlarms } from "../live/alarms.js";
import { setText } from "../base/dom.js";

/**
 * @typedef {"acknowledge" | "shelve" | "unshelve" | "reset" | "comment"} ActName
 * @typedef {Pick<import("../live/alarms.js").AlarmItem, "id" | "occurrence" | "name" | "title">} Subject
 *
 * The outcome of an act; `text`: the reason of a failure, in the server's words.
 * How an act went; `found` is the server's answer to one that succeeded.
 * @typedef {{isDone: boolean, text: string, found?: any}} Outcome
 */

const TIMEOUT_MS = 10000;
const NAME_KEY = "fermon-name";
/** @type {Record<ActName, string>} */
const TITLES = {
  acknowledge: "Acknowledge",
  shelve: "Shelve",
  unshelve: "End the shelf of",
  reset: "Reset",
  comment: "Comment on",
};
const dialog = document.getElementById("alarm-dialog");
const form = document.getElementById("alarm-form");
const refused = document.getElementById("alarm-refused");
/** @type {((values: Record<string, string>) => Promise<Outcome>) | null} */
let submit = null;
/** @type {((isDone: boolean) => void) | null} */
let settle = null;
let isSending = false;

/**
 * Send an act to the server.
 * @param {string} path below /alarms
 * @param {Record<string, unknown>} body
 * @returns {Promise<Outcome>}
 */
export function send(path, body) {
  return sendTo(`${alarmSettings?.list}/${path}`, body);
}

/**
 * Send what a person does to the server, with the name if nobody is signed in.
 * @param {string} url
 * @param {Record<string, unknown>} body
 * @param {"POST" | "PATCH" | "DELETE"} method
 * @returns {Promise<Outcome>}
 */
export async function sendTo(url, body, method = "POST") {
  if (!alarmSettings) return { isDone: false, text: "This page has no alarms." };
  const { csrf, isSignedIn } = alarmSettings;
  const named = isSignedIn ? body : { name: storedName(), ...body };
  try {
    const response = await fetch(url, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(named),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const found = await response.json().catch(() => ({}));
    refreshAlarms();
    return response.ok
      ? { isDone: true, text: failuresOf(found), found }
      : { isDone: false, text: reasonOf(found, response) };
  } catch {
    return { isDone: false, text: "No answer from the server: look whether it was done before you try again." };
  }
}

/**
 * Return the failures of some among many acts, as text.
 * @param {{results?: {status: string, error?: string}[]}} found
 */
function failuresOf({ results = [] }) {
  return results.flatMap(({ error }) => (error ? [error] : [])).join(" ");
}

/**
 * @param {{detail?: unknown}} found
 * @param {Response} response
 */
function reasonOf({ detail }, { status }) {
  if (typeof detail === "string") return detail;
  return detail ? JSON.stringify(detail) : `The server answered ${status}: nothing was changed.`;
}

/**
 * Acknowledge what was seen, without a dialog.
 * @param {Subject} alarm
 * @param {string} comment
 */
export const acknowledge = ({ id, occurrence }, comment = "") => send(`${id}/acknowledge`, { occurrence, comment });

/**
 * Ask for what the act needs, and do it. Resolve to whether it was done; a refusal stays in the dialog.
 * @param {ActName} name
 * @param {Subject} alarm
 * @returns {Promise<boolean>}
 */
export function ask(name, alarm) {
  const bodies = {
    acknowledge: { occurrence: alarm.occurrence },
    shelve: { one_shot: false },
    unshelve: {},
    reset: {},
    comment: {},
  };
  return open(TITLES[name], `${alarm.name}: ${alarm.title}`, name, (values) =>
    send(`${alarm.id}/${name}`, { ...bodies[name], ...values }),
  );
}

/**
 * Ask for a comment, and acknowledge several alarms with it.
 * @param {Subject[]} alarms at most 50
 */
export function askForMany(alarms) {
  const seen = alarms.map(({ id, occurrence }) => ({ id, occurrence }));
  const what = alarms.length === 1 ? "1 alarm" : `${alarms.length} alarms`;
  return open(TITLES.acknowledge, what, "acknowledge-many", (values) =>
    send("acknowledge", { alarms: seen, ...values }),
  );
}

/**
 * @param {string} verb
 * @param {string} what
 * @param {ActName | "acknowledge-many"} kind which fields are needed
 * @param {(values: Record<string, string>) => Promise<Outcome>} act
 * @returns {Promise<boolean>}
 */
function open(verb, what, kind, act) {
  setText(document.getElementById("alarm-question"), `${verb} ${what}`);
  setText(document.getElementById("alarm-ok"), verb.split(" ")[0]);
  setText(refused, "");
  form.reset();
  for (const row of form.querySelectorAll("[data-for]")) {
    const kinds = (row.dataset.for ?? "").split(" ");
    row.hidden = kinds.includes("name") ? Boolean(alarmSettings?.isSignedIn) : !kinds.includes(kind);
  }
  document.getElementById("alarm-name").value = storedName();
  submit = act;
  dialog.showModal();
  (kind === "shelve" ? document.getElementById("alarm-reason") : document.getElementById("alarm-comment")).focus();
  return new Promise((resolve) => {
    settle = resolve;
  });
}

/** Return the values of the visible fields. */
function valuesOf() {
  /** @type {Record<string, string>} */
  const values = {};
  for (const [name, value] of new FormData(form)) {
    const field = form.querySelector(`[name="${name}"]`);
    if (!field?.closest("[hidden]")) values[name] = String(value).trim();
  }
  return values;
}

/** Wire the dialog. */
export function wireDialog() {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return; // Enter twice is one act
    isSending = true;
    const values = valuesOf();
    if (values.name !== undefined) storeName(values.name);
    const outcome = await submit?.(values).finally(() => {
      isSending = false;
    });
    if (!outcome?.isDone) return setText(refused, outcome?.text ?? "");
    if (outcome.text) setText(document.getElementById("alarm-said"), outcome.text); // some of several failed
    finish(true);
  });
  document.getElementById("alarm-cancel").addEventListener("click", () => finish(false));
  dialog.addEventListener("cancel", () => finish(false));
}

/** @param {boolean} isDone */
function finish(isDone) {
  if (dialog.open) dialog.close(); // the focus returns to where it was
  settle?.(isDone);
  settle = null;
}

/** Return the name that the visitor gave last; empty if none. */
export function storedName() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return ""; // the browser stores nothing for this page
  }
}

/** @param {string} name */
export function storeName(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // The browser stores nothing for this page: the name is asked for again.
  }
}
