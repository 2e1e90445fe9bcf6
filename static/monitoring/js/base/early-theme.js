// A classic script in the head: applies the chosen theme before the first paint.
try {
  const theme = localStorage.getItem("fermon-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser stores nothing for this page: the system's theme applies.
}
