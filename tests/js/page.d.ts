// Types of the page: its elements by their ids, and Chart.js, which the page loads by a script element of its own.
// tests/dashboard/test_scripts.py compares the ids with the templates.
import type { Chart, ChartType, InteractionModeFunction, InteractionModeMap } from "chart.js";

/** A form with controls of these names. */
type FormOf<Controls> = HTMLFormElement & { elements: Controls };

/** Elements that each page has whose scripts look for them; null stands for those that a page may lack. */
interface PageElements {
  "all-new": HTMLButtonElement | null;
  file: HTMLInputElement | null;
  listen: HTMLButtonElement | null;
  "listen-said": HTMLElement | null;
  upload: HTMLFormElement | null;
  "upload-share": HTMLProgressElement | null;
  "upload-told": HTMLElement | null;
  at: HTMLInputElement | null;
  "at-zone": HTMLElement;
  "batch-lost": HTMLElement;
  "batch-live": HTMLElement;
  "batch-marks": HTMLScriptElement;
  "batch-settings": HTMLScriptElement;
  "batch-comparison": HTMLScriptElement;
  "compare-plot": HTMLElement;
  "chart-bar": HTMLElement | null;
  "chart-trouble": HTMLElement;
  "compare-button": HTMLButtonElement;
  "compare-form": HTMLFormElement;
  "compare-hint": HTMLElement;
  figures: HTMLElement;
  "figure-template": HTMLTemplateElement;
  "sample-figures": HTMLElement;
  sensors: HTMLElement;
  "sensors-count": HTMLElement;
  "sensors-lacking": HTMLDetailsElement;
  "sensors-section": HTMLElement;
  "sensors-missing": HTMLUListElement;
  "sensors-text": HTMLElement;
  "wall-clock": HTMLInputElement | null;
  contributions: HTMLElement;
  "contribution-rows": HTMLOListElement;
  "contribution-template": HTMLTemplateElement;
  "contributions-about": HTMLElement;
  "contributions-text": HTMLElement;
  "deviation-rows": HTMLElement;
  "watch-figure": HTMLElement | null;
  "watch-statistics": HTMLElement;
  "address-notes": HTMLUListElement | null;
  "alarm-above": HTMLButtonElement;
  "alarm-acts": HTMLElement;
  "alarm-alert": HTMLElement;
  "alarm-bar": HTMLElement;
  "alarm-cancel": HTMLButtonElement;
  "alarm-channels": HTMLElement;
  "alarm-comment": HTMLInputElement;
  "alarm-detail": HTMLElement;
  "alarm-dialog": HTMLDialogElement;
  "alarm-question": HTMLElement;
  "alarm-form": HTMLFormElement;
  "alarm-found": HTMLElement;
  "alarm-name": HTMLInputElement;
  "alarm-newest": HTMLElement;
  "alarm-ok": HTMLButtonElement;
  "alarm-options": HTMLElement;
  "alarm-reason": HTMLInputElement;
  "alarm-refused": HTMLElement;
  "alarm-rows": HTMLElement;
  "alarm-said": HTMLElement;
  "alarm-settings": HTMLScriptElement | null;
  "alarm-silence": HTMLButtonElement;
  "alarm-sound": HTMLButtonElement;
  "alarm-still": HTMLButtonElement;
  "alarm-table": HTMLTableElement;
  "alarm-visible": HTMLButtonElement;
  "alarms-present": HTMLScriptElement | null;
  anomalies: HTMLOListElement & { children: HTMLCollectionOf<HTMLLIElement> };
  announcer: HTMLElement;
  answerer: HTMLElement;
  cards: HTMLDivElement;
  "chart-script": HTMLScriptElement | null;
  "chart-choices": HTMLOListElement;
  "chart-filter": HTMLInputElement;
  "charts-all": HTMLButtonElement;
  "charts-auto": HTMLButtonElement | null;
  "charts-none": HTMLButtonElement;
  comparison: HTMLElement;
  "comparison-end": HTMLButtonElement;
  "comparison-hint": HTMLElement;
  "comparison-lines": HTMLUListElement;
  controls: FormOf<{
    tag: HTMLSelectElement;
    group?: HTMLSelectElement;
    range: RadioNodeList & NodeListOf<HTMLInputElement>;
    show: RadioNodeList & NodeListOf<HTMLInputElement>;
  }>;
  custom: HTMLDetailsElement;
  "custom-refused": HTMLElement;
  "custom-zone": HTMLElement;
  day: HTMLInputElement;
  download: HTMLDialogElement;
  "download-address": HTMLElement;
  "download-all": HTMLButtonElement;
  "download-cancel": HTMLButtonElement;
  "download-form": HTMLFormElement;
  "download-from": HTMLInputElement;
  "download-none": HTMLButtonElement;
  "download-open": HTMLButtonElement;
  "download-refused": HTMLElement;
  "download-shown": HTMLButtonElement;
  "download-to": HTMLInputElement;
  "download-zone": HTMLElement;
  past: HTMLDetailsElement;
  "past-about": HTMLElement;
  "past-anomalies": HTMLElement;
  "past-events": HTMLElement;
  "past-gaps": HTMLElement | null;
  "past-quality": HTMLElement | null;
  print: HTMLButtonElement;
  statistics: HTMLTableElement;
  "statistics-note": HTMLElement;
  favicon: HTMLLinkElement;
  events: HTMLOListElement & { children: HTMLCollectionOf<HTMLLIElement> };
  "events-open": HTMLElement;
  from: HTMLInputElement;
  "from-offset": HTMLSelectElement;
  group: HTMLSelectElement | null;
  live: HTMLButtonElement;
  moment: HTMLElement;
  "no-anomalies": HTMLElement;
  "no-events": HTMLElement;
  "weak-events": HTMLElement;
  learning: HTMLElement;
  "no-notes": HTMLElement;
  "note-about": HTMLInputElement;
  "note-add": HTMLButtonElement | null;
  "note-cancel": HTMLButtonElement;
  "note-dialog": HTMLDialogElement | null;
  "note-end": HTMLInputElement;
  "note-form": HTMLFormElement;
  "note-key": HTMLInputElement;
  "note-kind": HTMLSelectElement;
  "note-name": HTMLInputElement;
  "note-ok": HTMLButtonElement;
  "note-question": HTMLElement;
  "note-reason": HTMLInputElement;
  "note-refused": HTMLElement;
  "note-start": HTMLInputElement;
  "note-subjects": HTMLDataListElement;
  "note-text": HTMLTextAreaElement;
  "note-zone": HTMLElement;
  "push-said": HTMLElement;
  "push-turn": HTMLButtonElement | null;
  notes: HTMLOListElement;
  notices: HTMLUListElement;
  refused: HTMLDivElement;
  "dismiss-notices": HTMLButtonElement;
  part: FormOf<{ search: HTMLInputElement }> | null;
  "part-changed": HTMLElement | null;
  "part-text": HTMLElement | null;
  play: HTMLButtonElement;
  playback: HTMLFieldSetElement;
  playhead: HTMLOutputElement;
  problems: HTMLUListElement;
  progress: HTMLProgressElement;
  settings: HTMLScriptElement;
  rotation: HTMLElement;
  "saved-views": HTMLUListElement;
  speed: HTMLSelectElement;
  status: HTMLElement;
  strip: HTMLOListElement;
  "strip-place": HTMLTemplateElement;
  tag: HTMLSelectElement;
  theme: HTMLSelectElement;
  timeline: HTMLElement;
  to: HTMLInputElement;
  "to-offset": HTMLSelectElement;
  told: HTMLElement;
  totals: HTMLElement;
  "this-browser": HTMLElement | null;
  "view-change": HTMLButtonElement | null;
  "view-name": HTMLInputElement | null;
  "view-save": HTMLButtonElement | null;
  "views-close": HTMLButtonElement;
  "views-dialog": HTMLDialogElement;
  "views-form": HTMLFormElement;
  "views-open": HTMLButtonElement;
  "views-refused": HTMLElement;
  zone: HTMLElement;
  zoom: HTMLFieldSetElement;
}

// Additions to Chart.js by the scripts: plugins with their options, and an interaction mode.
declare module "chart.js" {
  interface PluginOptionsByType<TType extends ChartType> {
    elapsedRegions: import("../../static/monitoring/js/charts/elapsed-regions.js").RegionOptions;
    eventSpans: import("../../static/monitoring/js/charts/event-spans.js").BarOptions;
    limitLines: import("../../static/monitoring/js/charts/limit-lines.js").LimitLineOptions;
    lineNames: import("../../static/monitoring/js/charts/overlay.js").LineNameOptions;
    noteMarks: import("../../static/monitoring/js/charts/note-marks.js").NoteMarkOptions;
    qualityHatch: import("../../static/monitoring/js/charts/quality-hatch.js").HatchOptions;
    playhead: import("../../static/monitoring/js/charts/playhead.js").PlayheadOptions;
    ruleBand: import("../../static/monitoring/js/charts/rule-band.js").RuleBandOptions;
  }
  interface Tick {
    text?: string;
  }
  interface InteractionModeMap {
    elapsed?: InteractionModeFunction;
    reading: InteractionModeFunction;
  }
}

declare global {
  interface Document {
    getElementById<Id extends keyof PageElements>(id: Id): PageElements[Id];
  }
  // The scripts look for HTML elements by selectors, except for the canvas and a few parts of icons.
  interface ParentNode {
    querySelector(selectors: "canvas"): HTMLCanvasElement | null;
    querySelector(selectors: string): HTMLElement | null;
    querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
  }
  interface Element {
    closest(selectors: string): HTMLElement | null;
  }
  interface Window {
    /** Chart.js; undefined until the script has loaded. */
    Chart?: typeof Chart & { Interaction: { modes: InteractionModeMap } };
  }
  // Promise.allSettled() returns one of these, without the other's property.
  interface PromiseFulfilledResult<T> {
    reason?: undefined;
  }
  interface PromiseRejectedResult {
    value?: undefined;
  }
}
