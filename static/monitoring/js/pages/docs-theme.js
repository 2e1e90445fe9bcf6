// A classic script in the head of /docs: Swagger UI in the theme that is chosen on the dashboard, or the system's.
{
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const theme = root.dataset.theme;
    root.classList.toggle("dark-mode", theme ? theme === "dark" : system.matches);
  };
  system.addEventListener("change", follow);
  follow();
}
