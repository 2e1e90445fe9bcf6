// A classic script in the head: applies the chosen theme, and a dismissal of notices, before the first paint.
try {
  const theme = localStorage.getItem("fermon-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const dismissedUntil = localStorage.getItem("fermon-notices-dismissed") ?? "";
  if (Number(dismissedUntil) > Date.now()) document.documentElement.dataset.quiet = dismissedUntil;
} catch {
  // The browser stores nothing for this page: the system's theme applies.
}
