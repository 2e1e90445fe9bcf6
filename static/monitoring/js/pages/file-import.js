// The pages of file imports: a file is sent in pieces; work is followed, and its end reloads the page.
import { followProgress } from "../app/progress.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

const TRIES = 5; // of a piece, while the connection is away
const PAUSE_MS = 1000;
const form = document.getElementById("upload");
const file = document.getElementById("file");
const bar = /** @type {HTMLProgressElement | null} */ (document.getElementById("progress"));

/**
 * Return the answer to a request that changes something. Throws Error with the server's reason.
 * @param {string} method
 * @param {string} url
 * @param {BodyInit} body
 * @param {string} type
 */
async function call(method, url, body, type) {
  const token = /** @type {HTMLInputElement | null} */ (form?.querySelector("[name=csrfmiddlewaretoken]"));
  const headers = { Accept: "application/json", "Content-Type": type, "X-CSRFToken": token?.value ?? "" };
  const response = await fetch(url, { method, headers, body });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `The server answered ${response.status}.`);
  return answer;
}

/**
 * Send a piece; try again while the server cannot be reached. Throws Error.
 * @param {string} url
 * @param {Blob} piece
 */
async function sendPiece(url, piece) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await call("PUT", url, piece, "application/octet-stream");
    } catch (error) {
      if (!(error instanceof TypeError) || left <= 1) throw error; // TypeError: no connection
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** @param {File} chosen */
async function send(chosen) {
  const url = form?.dataset.url ?? "";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const about = JSON.stringify({ name: chosen.name, size: chosen.size, zone });
  const { id } = await call("POST", url, about, "application/json");
  const piece = Number(form?.dataset.piece);
  const share = document.getElementById("upload-share");
  for (let offset = 0; offset < chosen.size; offset += piece) {
    await sendPiece(`${url}/${id}/content?offset=${offset}`, chosen.slice(offset, offset + piece));
    if (share) share.value = Math.min((offset + piece) / chosen.size, 1);
  }
  location.assign(`${form?.dataset.page}/${id}`);
}

/** @param {File} chosen */
function obstacle(chosen) {
  if (!chosen.size) return "The file is empty. Choose another one.";
  const most = Number(form?.dataset.most);
  return chosen.size > most
    ? `The file has more than ${most / 2 ** 20} MiB. Split it, or use manage.py import_file.`
    : "";
}

async function upload() {
  const [chosen] = file?.files ?? [];
  const said = document.getElementById("upload-told");
  const share = document.getElementById("upload-share");
  if (!form || !file || !chosen || !said || !share) return;
  setText(said, obstacle(chosen) || `Uploading ${chosen.name} ...`);
  if (obstacle(chosen)) return;
  form.dataset.busy = "";
  share.hidden = false;
  try {
    await send(chosen);
  } catch (error) {
    const reason = error instanceof TypeError ? "The server cannot be reached." : String(error).replace("Error: ", "");
    setText(said, `Not uploaded: ${reason} Choose the file again.`);
    delete form.dataset.busy;
    share.hidden = true;
  }
  file.value = ""; // the same file can be chosen again
}

/** Offer to make a new tag of each series that is not imported. */
function offerAllNew() {
  const button = document.getElementById("all-new");
  const selects = /** @type {HTMLSelectElement[]} */ ([...document.querySelectorAll(".targets select")]);
  const ignored = () => selects.filter(({ value }) => value === "ignore");
  if (!button || !ignored().length) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const select of ignored()) select.value = "new";
    button.hidden = true;
  });
}

file?.addEventListener("change", upload);
for (const [event, isOver] of Object.entries({ dragenter: true, dragover: true, dragleave: false, drop: false })) {
  form?.addEventListener(event, () => form.toggleAttribute("data-over", isOver));
}
if (bar) followProgress(bar, document.getElementById("told"), ({ state }) => state !== bar.dataset.state);
offerAllNew();
localiseTimes();
setText(document.getElementById("zone"), zoneText());
