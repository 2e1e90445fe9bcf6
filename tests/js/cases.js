// Cases that the tests of the server and of the page's scripts share: both have to show the same. tests/page_cases.py
// reads the same files.
import { readFileSync } from "node:fs";

/**
 * Return the cases in a file, by group.
 * @param {string} file in the folder cases
 */
export const casesIn = (file) => JSON.parse(readFileSync(new URL(`cases/${file}`, import.meta.url), "utf8"));
