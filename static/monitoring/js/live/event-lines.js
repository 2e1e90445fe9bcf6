// A parser of server-sent events from text that arrives in pieces.
import { RequestFailed } from "../base/request.js";

const LONGEST = 1e6; // characters without a line end: the response is not an event stream

/**
 * The fields of a server-sent event.
 * @typedef {{event?: string, data?: string, id?: number}} SentEvent
 */

export class EventLines {
  /** The unfinished last line. */
  rest = "";
  /** @type {SentEvent} the fields read so far of the unfinished event */
  event = {};
  /** @type {number | null} the pause that the server asks for before a reconnection, null before the server sent one */
  retryMs = null;
  /** @type {number | null} the id to continue from, null before the server sent one */
  lastId = null;

  /**
   * Return the events that the text completes; comments are skipped. Throws RequestFailed.
   * @param {string} text
   */
  parse(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    if (this.rest.length > LONGEST) throw new RequestFailed("broken");
    const events = [];
    for (const line of lines) {
      if (line === "" || line === "\r") {
        if ("data" in this.event) events.push(this.event);
        this.lastId = this.event.id ?? this.lastId;
        this.event = {};
      } else this.parseField(line);
    }
    return events;
  }

  /** @param {string} line */
  parseField(line) {
    const [, name, value] = /^([^:\r]*):? ?(.*?)\r?$/.exec(line) ?? ["", "", ""];
    if (name === "data") this.event.data = "data" in this.event ? `${this.event.data}\n${value}` : value;
    if (name === "id" && /^\d+$/.test(value)) this.event.id = Number(value);
    if (name === "event") this.event.event = value;
    if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
