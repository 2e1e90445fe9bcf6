// Classic and in the head: the theme that the viewer chose is there before anything is painted.
try {
  const theme = localStorage.getItem("fermon-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser keeps nothing for this page: the system's theme it is.
}
