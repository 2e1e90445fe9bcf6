// The layer that a tag's chart draws: the live measurements, or a chunk of the history.
import { heldMs } from "../base/kinds.js";
import { pointsFor } from "./chunk.js";
import { RawLayer } from "./raw-layer.js";
import { LIVE_MS } from "../base/settings.js";
import { TagHistory } from "./tag-history.js";

/**
 * The contents of the charts. `isLive`: the range ends now; `label`: the range as text.
 * @typedef {{range: import("../base/settings.js").TimeRange, isLive: boolean, label: string}} ShownRange
 */

const ENOUGH = 0.25; // of the range: a layer with less is not drawn while more is loading

export class TagLayers {
  /** @type {import("./raw-layer.js").Layer | null} */
  layer = null;

  /**
   * @param {import("../base/settings.js").Tag} tag
   * @param {import("../live/series.js").Series} series
   * @param {() => void} onArrival called when there is something new to show
   */
  constructor(tag, series, onArrival) {
    this.series = series;
    this.heldMs = heldMs(tag);
    this.history = new TagHistory(tag, onArrival);
  }

  /**
   * Choose the layer for a range.
   * @param {ShownRange} shown
   * @param {{width: number, aheadMs: number}} chart `width` in pixels, `aheadMs` as in chunkAround
   */
  choose({ range, isLive }, { width, aheadMs }) {
    const live = new RawLayer(this.series.points, { from: range.to - LIVE_MS, to: range.to }, this.heldMs);
    if (isLive && range.to - range.from <= LIVE_MS) {
      this.history.cancel();
      this.layer = live;
      return;
    }
    const needs = { points: pointsFor(width), aheadMs, isUrgent: this.isMissing(range) };
    this.layer = this.history.layerFor(range, needs) ?? this.layer ?? live;
  }

  /**
   * Return whether the layer lacks most of the range.
   * @param {import("../base/settings.js").TimeRange} range
   */
  isMissing({ from, to }) {
    if (!this.layer) return true;
    return Math.max(0, Math.min(to, this.layer.to) - Math.max(from, this.layer.from)) / (to - from) < ENOUGH;
  }
}
