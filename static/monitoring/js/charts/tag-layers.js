// What is drawn of a tag over a range: the measurements at hand, or what the history has of it.
import { pointsFor } from "./chunk.js";
import { RawLayer } from "./raw-layer.js";
import { LIVE_MS } from "../base/settings.js";
import { TagHistory } from "./tag-history.js";

const ENOUGH = 0.25; // of the range: less than that is not shown while more is on its way

export class TagLayers {
  /** @type {RawLayer | import("./bucket-layer.js").BucketLayer | null} */
  layer = null;
  /** @type {import("../live/series.js").Series} */
  series;
  /** @type {TagHistory} */
  history;

  /** `onArrival()` is called when there is something new to show. */
  constructor(tag, series, onArrival) {
    Object.assign(this, { series, history: new TagHistory(tag, onArrival) });
  }

  /** Chooses the layer for what is shown; `width` is the chart's in pixels, `aheadMs` as in chunkAround. */
  choose({ range, isLive }, { width, aheadMs }) {
    const live = new RawLayer(this.series.points, { from: range.to - LIVE_MS, to: range.to });
    if (isLive && range.to - range.from <= LIVE_MS) {
      this.history.leave();
      this.layer = live;
      return;
    }
    const needs = { points: pointsFor(width), aheadMs, isUrgent: this.isMissing(range) };
    this.layer = this.history.layerFor(range, needs) ?? this.layer ?? live;
  }

  /** Whether most of the range is not there yet. */
  isMissing({ from, to }) {
    if (!this.layer) return true;
    return Math.max(0, Math.min(to, this.layer.to) - Math.max(from, this.layer.from)) / (to - from) < ENOUGH;
  }
}
