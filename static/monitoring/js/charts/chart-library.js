// Chart.js: from the address in the page or, when that fails or is slow, from this server. Nothing waits for it.
const PATIENCE_MS = 2000; // then this server's copy is asked for as well
const GIVE_UP_MS = 8000; // an address that accepts and never answers counts as failed
const FIRST_PAUSE_MS = 2000; // the copy may still be on its way to the server
const LONGEST_PAUSE_MS = 60000;

/**
 * Calls `ready(Chart)` once, when Chart.js is there, and `trouble()` when neither the page's script nor the copy
 * is to be had for now; ready may still follow. `copy` and `integrity`: the copy's address and hash.
 */
export function whenChartLoads({ copy, integrity, ready, trouble }) {
  const first = document.getElementById("chart-script"); // null: the server knew of no file
  const scripts = new Set(first ? [first] : []);
  let isThere = false;
  let isFirstOver = !first;
  let isCopyAsked = false;
  let isCopyMissing = false;

  function takeFrom(script) {
    if (isThere) return;
    isThere = true;
    scripts.delete(script);
    scripts.forEach(keepFromRunning);
    ready(window.Chart);
  }

  function complain() {
    if (!isThere && isFirstOver && isCopyMissing) trouble();
  }

  function endFirst() {
    if (window.Chart) return takeFrom(first);
    isFirstOver = true;
    askForCopy();
    complain();
  }

  function askForCopy() {
    if (isThere || isCopyAsked) return;
    isCopyAsked = true;
    look(FIRST_PAUSE_MS);
  }

  async function look(pauseMs) {
    const isReady = await exists(copy);
    if (isThere) return;
    if (isReady) addCopy(pauseMs);
    else lookLater(pauseMs);
  }

  function lookLater(pauseMs) {
    isCopyMissing = true;
    complain();
    setTimeout(() => isThere || look(Math.min(2 * pauseMs, LONGEST_PAUSE_MS)), pauseMs);
  }

  function addCopy(pauseMs) {
    const script = Object.assign(document.createElement("script"), { src: copy, integrity, crossOrigin: "anonymous" });
    scripts.add(script);
    script.addEventListener("load", () => takeFrom(script));
    script.addEventListener("error", () => {
      scripts.delete(script);
      script.remove();
      lookLater(pauseMs);
    });
    document.head.append(script);
  }

  if (!first || window.Chart) return endFirst();
  first.addEventListener("load", endFirst);
  first.addEventListener("error", endFirst);
  // It may have failed before this module ran; the page's load event comes after both.
  if (document.readyState === "complete") return endFirst();
  window.addEventListener("load", endFirst);
  setTimeout(askForCopy, PATIENCE_MS);
  setTimeout(endFirst, GIVE_UP_MS);
}

/** A script that arrives when its element belongs to another document is not run. */
function keepFromRunning(script) {
  document.implementation.createHTMLDocument("").adoptNode(script);
}

/** Whether the server has the copy: it answers 204 while it has none, which is no error to the browser. */
async function exists(address) {
  try {
    const answer = await fetch(address, { method: "HEAD", cache: "no-store" });
    return answer.status === 200;
  } catch {
    return false;
  }
}
