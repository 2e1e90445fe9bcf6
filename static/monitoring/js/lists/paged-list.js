// A list of what the time shown has, page by page; the server has the pages.
import { partsOf, setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";

/**
 * @template Item
 * @typedef {{url: string, rowOf: (item: Item) => HTMLElement, none: string}} Contents `rowOf` makes the row of an item; `none`
 *   is the text of an empty list
 */

const ROWS = 20;
const TIMEOUT_MS = 10000;
const FAILED = "Not read: the server does not answer. The next attempt follows.";

/** @template Item */
export class PagedList {
  /** @type {(string | null)[]} addresses of the pages up to the present one; null for the first */
  pages = [null];
  /** @type {string | null} */
  next = null;
  /** @type {Record<string, string | string[]>} */
  parameters = {};
  asked = 0;

  /**
   * @param {HTMLElement} root
   * @param {Contents<Item>} contents
   */
  constructor(root, contents) {
    this.parts = partsOf(root);
    this.contents = contents;
    this.parts.older.addEventListener("click", () => this.turn([...this.pages, this.next]));
    this.parts.newer.addEventListener("click", () => this.turn(this.pages.slice(0, -1)));
  }

  /**
   * Show the first page of a selection.
   * @param {Record<string, string | string[]>} parameters
   */
  async start(parameters) {
    this.parameters = parameters;
    this.pages = [null];
    await this.read();
  }

  /**
   * Read the first page again for a selection that has moved on; other pages stay as they are.
   * @param {Record<string, string | string[]>} parameters
   */
  async renew(parameters) {
    if (this.pages.length > 1 || this.parts.rows.matches(":hover, :focus-within")) return;
    await this.start(parameters);
  }

  /** @param {(string | null)[]} pages */
  async turn(pages) {
    this.pages = pages;
    await this.read();
    this.parts.rows.scrollTop = 0;
    this.parts.rows.focus({ preventScroll: true }); // the button may be disabled by now
  }

  async read() {
    this.asked += 1;
    const own = this.asked;
    const url = this.pages[this.pages.length - 1];
    const options = url ? {} : { parameters: { ...this.parameters, limit: ROWS } };
    try {
      const { body, next } = await get(url ?? this.contents.url, { ...options, timeoutMs: TIMEOUT_MS });
      if (own === this.asked) this.show(body, next);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (own === this.asked) this.say(FAILED);
    }
  }

  /** @type {(items: Item[], next: string | null) => void} */
  show(items, next) {
    const { rows, newer, older, page } = this.parts;
    this.next = next;
    rows.replaceChildren(...items.map(this.contents.rowOf));
    this.say(items.length ? "" : this.contents.none);
    newer.disabled = this.pages.length === 1;
    older.disabled = next === null;
    setText(page, `Page ${this.pages.length}`);
  }

  /** @param {string} text "" for nothing to say */
  say(text) {
    setText(this.parts.none, text);
  }
}
