// Server-sent events out of text that comes in pieces.
import { RequestFailed } from "../base/request.js";

const LONGEST = 1e6; // characters without a line's end: that is no stream of events

export class EventLines {
  rest = "";
  event = {};
  /** What the server asked to wait before coming again, null if it did not say. */
  retryMs = null;
  /** Where to begin again, null before the server said it: told with an event, or by itself. */
  lastId = null;

  /** The events that the text completes: [{event, data}]. Comments are none. Throws RequestFailed. */
  take(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    if (this.rest.length > LONGEST) throw new RequestFailed("broken");
    const events = [];
    for (const line of lines) {
      if (line === "" || line === "\r") {
        if ("data" in this.event) events.push(this.event);
        this.lastId = this.event.id ?? this.lastId;
        this.event = {};
      } else this.takeField(line);
    }
    return events;
  }

  takeField(line) {
    const [, name, value] = /^([^:\r]*):? ?(.*?)\r?$/.exec(line);
    if (name === "data") this.event.data = "data" in this.event ? `${this.event.data}\n${value}` : value;
    if (name === "id" && /^\d+$/.test(value)) this.event.id = Number(value);
    if (name === "event") this.event.event = value;
    if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
