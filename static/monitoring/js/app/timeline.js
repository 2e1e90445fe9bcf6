// The line that says which time the charts show, and the way back to now.
import { setAttribute, setText } from "../base/dom.js";
import { rangeText } from "../base/times.js";
import { goLive, presetLabel, view } from "./view.js";

const root = document.getElementById("timeline");
const button = document.getElementById("live");
const moment = document.getElementById("moment");

export function wireTimeline() {
  button.addEventListener("click", () => view.past && goLive());
}

/** The time shown in words, for the charts' names. */
export const shownText = () => (view.past ? rangeText(view.past) : `last ${presetLabel()}`);

export function showTimeline() {
  root.toggleAttribute("data-past", Boolean(view.past));
  setAttribute(button, "aria-pressed", String(!view.past));
  setText(moment, `${view.past ? "Showing the past" : "Following"}: ${shownText()}`);
}
