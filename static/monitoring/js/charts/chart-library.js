// Loads Chart.js from the address in the page or, when that fails or is slow, from this server. Nothing waits for it.
const PATIENCE_MS = 2000; // then this server's copy is requested as well
const GIVE_UP_MS = 8000; // an address that accepts connections and never responds counts as failed
const FIRST_PAUSE_MS = 2000; // the server may still be downloading its copy
const LONGEST_PAUSE_MS = 60000;

/**
 * Call `ready(Chart)` once, when Chart.js is loaded, and `trouble()` when neither the page's script nor the copy is
 * available; ready may still follow.
 * @param {{copy: string, integrity: string, ready: (Chart: import("./chart-options.js").ChartLibrary) => void,
 *   trouble: () => void}} options `copy` and `integrity`: the copy's address and hash
 */
export function whenChartLoads({ copy, integrity, ready, trouble }) {
  const first = document.getElementById("chart-script"); // null: the server had no file
  /** @type {Set<HTMLScriptElement>} */
  const scripts = new Set(first ? [first] : []);
  let isLoaded = false;
  let isFirstOver = !first;
  let isCopyAsked = false;
  let isCopyMissing = false;

  /** @param {HTMLScriptElement | null} script */
  function takeFrom(script) {
    if (isLoaded || !window.Chart) return;
    isLoaded = true;
    if (script) scripts.delete(script);
    scripts.forEach(keepFromRunning);
    ready(window.Chart);
  }

  function complain() {
    if (!isLoaded && isFirstOver && isCopyMissing) trouble();
  }

  function endFirst() {
    if (window.Chart) return takeFrom(first);
    isFirstOver = true;
    askForCopy();
    complain();
  }

  function askForCopy() {
    if (isLoaded || isCopyAsked) return;
    isCopyAsked = true;
    look(FIRST_PAUSE_MS);
  }

  /** @param {number} pauseMs before the next attempt */
  async function look(pauseMs) {
    const isReady = await exists(copy);
    if (isLoaded) return;
    if (isReady) addCopy(pauseMs);
    else lookLater(pauseMs);
  }

  /** @param {number} pauseMs */
  function lookLater(pauseMs) {
    isCopyMissing = true;
    complain();
    setTimeout(() => isLoaded || look(Math.min(2 * pauseMs, LONGEST_PAUSE_MS)), pauseMs);
  }

  /** @param {number} pauseMs */
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
  // The script may have failed before this module ran; the page's load event comes after both.
  if (document.readyState === "complete") return endFirst();
  window.addEventListener("load", endFirst);
  setTimeout(askForCopy, PATIENCE_MS);
  setTimeout(endFirst, GIVE_UP_MS);
}

/**
 * Keep a script that is still loading from running: a browser does not run a script of another document.
 * @param {HTMLScriptElement} script
 */
function keepFromRunning(script) {
  document.implementation.createHTMLDocument("").adoptNode(script);
}

/**
 * Return whether the server has the copy. Without the copy it responds with 204, which browsers do not log as an error.
 * @param {string} address
 */
async function exists(address) {
  try {
    const response = await fetch(address, { method: "HEAD", cache: "no-store" });
    return response.status === 200;
  } catch {
    return false;
  }
}
