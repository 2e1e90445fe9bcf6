// The theme that the viewer chose, and the style sheet's colours and sizes for drawing on a canvas.
const NAMES = [
  "text",
  "muted",
  "trace",
  "band",
  "grid",
  "alarm",
  "warn",
  "panel",
  "line",
  "focus",
  ...Array.from({ length: 8 }, (_, i) => `line-${i + 1}`),
];
const KEY = "fermon-theme"; // early-theme.js reads this key before the first paint
const root = document.documentElement;
/** @type {(() => void)[]} */
const listeners = [];

/**
 * Colours by the names of the style sheet's variables, the root font size in pixels and the font's family.
 * @typedef {Record<"text" | "muted" | "trace" | "band" | "grid" | "alarm" | "warn" | "panel" | "line" | "focus" |
 *   `line-${number}`, string> & {rem: number, font: string}} Theme
 */

/**
 * Return the colours and sizes of the current theme.
 * @returns {Theme}
 */
export function readTheme() {
  const probe = document.body.appendChild(document.createElement("span"));
  const style = getComputedStyle(probe);
  const colours = NAMES.map((name) => {
    probe.style.color = `var(--${name})`; // the variable itself would name the colours of both themes
    return [name, style.color];
  });
  const theme = {
    ...Object.fromEntries(colours),
    rem: parseFloat(getComputedStyle(root).fontSize),
    font: style.fontFamily,
  };
  probe.remove();
  return theme;
}

/**
 * Call back when the page changes between light and dark.
 * @param {() => void} callback
 */
export function onThemeChange(callback) {
  listeners.push(callback);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}

/** Wire the choice between the system's theme, light and dark. */
export function wireThemes() {
  const choice = document.getElementById("theme");
  choice.value = root.dataset.theme ?? "";
  choice.disabled = false;
  choice.addEventListener("change", () => {
    store(choice.value);
    applyTheme(choice.value);
  });
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY) return;
    choice.value = newValue ?? "";
    applyTheme(choice.value);
  });
}

/** @param {string} theme "" for the system's */
function store(theme) {
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // The browser stores nothing for this page: the theme lasts until the viewer leaves it.
  }
}

/**
 * Show the page in a theme, without storing the choice.
 * @param {string | null} theme null or "" for the system's
 */
export function applyTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const listener of listeners) listener();
}
