// The service worker: it shows messages that a push service brings, and opens Fermon on a click. It keeps no pages.

/**
 * What a push contains.
 * @typedef {{title: string, body: string, url: string, acknowledge_url: string, tag: string, priority: string}} Push
 */

const ACKNOWLEDGE = "acknowledge";
// The worker's own scope, of which the page's types know nothing.
const worker = /** @type {any} */ (self);

/**
 * Return the content of a push; a text in its place if it cannot be read, since each push has to be shown.
 * @param {{data: {json: () => Push} | null}} event
 * @returns {Push}
 */
function pushOf({ data }) {
  const unreadable = {
    title: "Fermon",
    body: "Look at the alarms.",
    url: "",
    acknowledge_url: "",
    tag: "",
    priority: "",
  };
  try {
    return { ...unreadable, ...data?.json() };
  } catch {
    return unreadable;
  }
}

worker.addEventListener("push", (/** @type {any} */ event) => {
  const { title, body, url, acknowledge_url, tag, priority } = pushOf(event);
  const options = {
    body,
    tag,
    renotify: Boolean(tag),
    requireInteraction: priority === "critical" || priority === "high",
    data: { url, acknowledgeUrl: acknowledge_url },
    actions: acknowledge_url ? [{ action: ACKNOWLEDGE, title: "Look and acknowledge" }] : [],
  };
  event.waitUntil(worker.registration.showNotification(title, options));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  const { url, acknowledgeUrl } = event.notification.data ?? {};
  event.notification.close();
  const wanted = (event.action === ACKNOWLEDGE && acknowledgeUrl) || url || "/alarms";
  // Only pages of Fermon are opened, whatever the message says.
  const address = new URL(wanted, worker.location.origin);
  event.waitUntil(worker.clients.openWindow(address.origin === worker.location.origin ? address.href : "/alarms"));
});
