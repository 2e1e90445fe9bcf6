// The page of notifications: push messages in this browser are turned on and off.
import { wireTimeFilters } from "../app/time-filters.js";
import { setText } from "../base/dom.js";
import { localiseTimes, zoneText } from "../base/times.js";

const section = document.getElementById("this-browser");
const said = document.getElementById("push-said");
const button = document.getElementById("push-turn");
const WORKER = "/push-worker.js";
const PATIENCE_MS = 20000; // a browser waits for its push service without end

/**
 * Return the bytes of URL-safe base64.
 * @param {string} text
 */
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/**
 * Return the answer of the server as JSON. Throws Error with the server's reason.
 * @param {string} method
 * @param {object | null} body
 */
async function call(method, body = null) {
  const token = /** @type {HTMLInputElement | null} */ (section?.querySelector("[name=csrfmiddlewaretoken]"));
  const response = await fetch(section?.dataset.url ?? "", {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token?.value ?? "" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `The server answered ${response.status}.`);
  return answer;
}

/** Return why push messages cannot work in this browser; empty if they can. */
function obstacle() {
  if (!window.isSecureContext) return "Needs HTTPS: open Fermon by an address that begins with https://.";
  if ("serviceWorker" in navigator && "PushManager" in window) return "";
  return "This browser takes no push messages. On an iPhone or iPad: Share, Add to Home Screen, and open Fermon from there.";
}

async function present() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/**
 * Return the subscription. Throws Error if the browser's push service does not answer in time.
 * @param {Promise<PushSubscription>} subscribing
 * @returns {Promise<PushSubscription>}
 */
function inTime(subscribing) {
  const late = new Error("The push service of this browser does not answer: it needs the internet.");
  const giveUp = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, late));
  return Promise.race([subscribing, /** @type {Promise<never>} */ (giveUp)]);
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error("The browser does not allow notifications of Fermon: allow them in its settings of this page.");
  }
  const { key } = await call("GET");
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(key) };
  const made = await inTime(registration.pushManager.subscribe(options));
  const { channel } = await call("POST", made.toJSON());
  return `On: messages come by the channel ${channel}.`;
}

/** @param {PushSubscription} subscription */
async function turnOff(subscription) {
  await call("DELETE", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  return "Off.";
}

/** @param {PushSubscription | null} subscription */
function show(subscription) {
  if (!button) return;
  setText(button, subscription ? "Turn off" : "Turn on");
  button.hidden = false;
}

async function turn() {
  if (!button) return;
  button.disabled = true;
  setText(said, "One moment ...");
  try {
    const before = await present();
    setText(said, await (before ? turnOff(before) : turnOn()));
    show(await present());
  } catch (error) {
    setText(said, error instanceof Error ? error.message : String(error));
  }
  button.disabled = false;
}

async function offer() {
  if (!section || !button) return;
  const reason = obstacle();
  setText(said, reason);
  if (reason) return;
  const subscription = await present();
  if (subscription) setText(said, "On in this browser.");
  show(subscription);
  button.addEventListener("click", turn);
}

localiseTimes();
wireTimeFilters();
setText(document.getElementById("zone"), zoneText());
offer();
