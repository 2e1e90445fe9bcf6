// The line that shows the time of the charts, and the button that returns to now.
import { setAttribute, setText } from "../base/dom.js";
import { filled } from "../base/pattern.js";
import { rangeText } from "../base/times.js";
import { words } from "../base/words.js";
import { goLive, presetLabel, view } from "./view-state.js";

const root = document.getElementById("timeline");
const button = document.getElementById("live");
const moment = document.getElementById("moment");

export function wireTimeline() {
  button.addEventListener("click", () => view.past && goLive());
}

/** Return the time of the charts in words. */
export const shownText = () => (view.past ? rangeText(view.past) : filled(words.patterns.last, [presetLabel()]));

export function showTimeline() {
  root.toggleAttribute("data-past", Boolean(view.past));
  setAttribute(button, "aria-pressed", String(!view.past));
  setText(moment, (view.past ? words.patterns.showingPast : words.patterns.following) + shownText());
}
