// The theme that the viewer chose, and the style sheet's colours and sizes for what is drawn on a canvas.
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
  "line-1",
  "line-2",
  "line-3",
  "line-4",
];
const KEY = "fermon-theme"; // early-theme.js reads it before the page is painted
const root = document.documentElement;
const listeners = [];

/** Every colour as the theme has it now, the size of a letter in pixels, and the font. */
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

/** Calls back when the page goes from light to dark or back. */
export function onThemeChange(callback) {
  listeners.push(callback);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}

/** Wires the choice between the system's theme, light and dark. */
export function wireThemes() {
  const choice = document.getElementById("theme");
  choice.value = root.dataset.theme ?? "";
  choice.disabled = false;
  choice.addEventListener("change", () => {
    keep(choice.value);
    apply(choice.value);
  });
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY) return;
    choice.value = newValue ?? "";
    apply(choice.value);
  });
}

function keep(theme) {
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // The browser keeps nothing for this page: the theme lasts until it is left.
  }
}

function apply(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const listener of listeners) listener();
}
