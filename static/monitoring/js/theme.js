// The style sheet's colours and sizes for what is drawn on a canvas.
const NAMES = ["text", "muted", "trace", "band", "grid", "alarm", "panel", "line"];

export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const colours = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return { ...Object.fromEntries(colours), rem: parseFloat(style.fontSize), font: getComputedStyle(document.body).fontFamily };
}

/** Calls back when the viewer's system goes from light to dark or back. */
export function onThemeChange(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
