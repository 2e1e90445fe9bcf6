// The message over a chart without measurements: where the nearest ones are, with buttons that lead there.
import { serverNow } from "../base/clock.js";
import { setText } from "../base/dom.js";
import { momentText } from "../base/times.js";
import { NearestData } from "./nearest-data.js";
import { showPast } from "./view-state.js";

/** @typedef {import("../base/settings.js").TimeRange} TimeRange */

export class EmptyRange {
  /** @type {TimeRange} */
  range = { from: 0, to: 0 };

  /**
   * @param {Record<string, any>} parts of the card
   * @param {import("../base/settings.js").Tag} tag
   * @param {() => void} onArrival called when there is something new to show
   */
  constructor({ nothing, "nothing-text": text, "nearest-before": before, "nearest-after": after }, tag, onArrival) {
    this.node = nothing;
    this.text = text;
    this.buttons = { before, after };
    this.nearest = new NearestData(tag, onArrival);
    for (const button of [before, after]) button.addEventListener("click", () => this.lead(Number(button.dataset.at)));
  }

  /** Hide the message. */
  hide() {
    this.node.hidden = true;
  }

  /**
   * Say that nothing was measured, and where the nearest measurements are.
   * @param {TimeRange} range
   * @param {boolean} isLive whether the range moves with the time
   */
  show(range, isLive) {
    this.range = range;
    const found = this.nearest.around(range, isLive);
    this.node.hidden = false;
    setText(this.text, sentence(found));
    this.offer(this.buttons.before, "Last before", found?.before ?? null);
    this.offer(this.buttons.after, "Next after", found?.after ?? null);
  }

  /** @type {(button: HTMLButtonElement, label: string, at: number | null) => void} */
  offer(button, label, at) {
    button.hidden = at === null;
    if (at === null) return;
    button.dataset.at = String(at);
    setText(button, `${label}: ${momentText(at)}`);
  }

  /**
   * Show a range of the same length around a moment.
   * @param {number} at epoch milliseconds
   */
  lead(at) {
    const half = (this.range.to - this.range.from) / 2;
    showPast(at - half, at + half, Math.max(serverNow(), at), { isChoice: true, isStill: true });
  }
}

/** @param {import("./nearest-data.js").Nearest | null} found */
function sentence(found) {
  if (!found) return "Nothing was measured in this time.";
  const { before, after } = found;
  return before === null && after === null ? "This tag has no measurements yet." : "Nothing was measured in this time.";
}
