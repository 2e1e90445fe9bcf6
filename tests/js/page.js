// Replaces the browser's page: an empty page with the server's settings, in Berlin's time zone. Runs before each test file.
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

// Node.js 20 is older than the supported browsers.
Map.groupBy ??= (items, keyOf) => {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};

// The script element tells browsers that these are modules; Node.js would look for a package.json.
const isModule = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  return found.url.includes("/static/monitoring/js/") ? { ...found, format: "module" } : found;
}`;
register(`data:text/javascript,${encodeURIComponent(isModule)}`);
