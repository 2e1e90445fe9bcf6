// In place of a browser's page: an empty one that has the server's settings, seen in Berlin. Run before each test file.
import { readFileSync } from "node:fs";
import { register } from "node:module";

process.env.TZ = "Europe/Berlin";

const settings = { textContent: readFileSync(new URL("settings.json", import.meta.url), "utf8") };

globalThis.document = {
  hidden: false,
  getElementById: (id) => (id === "settings" ? settings : null),
  querySelectorAll: () => [],
};
globalThis.location = new URL("http://fermon.example/dashboard");

// Node 20 is older than the browsers that the page supports.
Map.groupBy ??= (items, keyOf) => {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};

// Browsers know by the script element that these are modules; Node would look for a package.json beside them.
const isModule = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  return found.url.includes("/static/monitoring/js/") ? { ...found, format: "module" } : found;
}`;
register(`data:text/javascript,${encodeURIComponent(isModule)}`);
