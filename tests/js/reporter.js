// Prints each failure, and one line of result.
import { relative } from "node:path";

/** Return the text for the events of node:test; a file that does not run counts as a failed test. */
export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (data.details?.type === "suite") continue;
    if (type === "test:pass") passed += 1;
    if (type === "test:stderr") yield data.message;
    if (type !== "test:fail") continue;
    failed += 1;
    const { error } = data.details;
    const cause = error.cause?.stack ?? error.cause ?? error.message;
    yield `${relative(process.cwd(), data.file ?? "")}: ${data.name}\n${String(cause).replace(/^/gm, "    ")}\n`;
  }
  yield `JavaScript: ${passed} passed, ${failed} failed\n`;
}
