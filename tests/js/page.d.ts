// Types of the page: its elements by their ids, and Chart.js, which the page loads by a script element of its own.
// tests/dashboard/test_scripts.py holds the ids against the templates.
import type { Chart, ChartType, InteractionModeFunction } from "chart.js";

/** A form with controls of these names. */
type FormOf<Controls> = HTMLFormElement & { elements: Controls };

interface PageElements {
  anomalies: HTMLOListElement & { children: HTMLCollectionOf<HTMLLIElement> };
  announcer: HTMLElement;
  answerer: HTMLElement;
  cards: HTMLDivElement;
  "chart-script": HTMLScriptElement;
  comparison: HTMLElement;
  "comparison-end": HTMLButtonElement;
  "comparison-hint": HTMLElement;
  "comparison-lines": HTMLUListElement;
  controls: FormOf<{
    tag: HTMLSelectElement;
    group?: HTMLSelectElement;
    range: RadioNodeList & NodeListOf<HTMLInputElement>;
  }>;
  custom: HTMLDetailsElement;
  "custom-refused": HTMLElement;
  "custom-zone": HTMLElement;
  events: HTMLOListElement & { children: HTMLCollectionOf<HTMLLIElement> };
  "events-open": HTMLElement;
  from: HTMLInputElement;
  group: HTMLSelectElement;
  live: HTMLButtonElement;
  moment: HTMLElement;
  "no-anomalies": HTMLElement;
  "no-events": HTMLElement;
  notices: HTMLUListElement;
  part: FormOf<{ search: HTMLInputElement }>;
  "part-changed": HTMLElement;
  "part-text": HTMLElement;
  play: HTMLButtonElement;
  playback: HTMLFieldSetElement;
  playhead: HTMLOutputElement;
  problems: HTMLUListElement;
  progress: HTMLProgressElement;
  settings: HTMLScriptElement;
  speed: HTMLSelectElement;
  status: HTMLElement;
  tag: HTMLSelectElement;
  theme: HTMLSelectElement;
  timeline: HTMLElement;
  to: HTMLInputElement;
  told: HTMLElement;
  totals: HTMLElement;
  zone: HTMLElement;
  zoom: HTMLFieldSetElement;
}

// Additions to Chart.js by the scripts: plugins with their options, and a way to tell what the pointer means.
declare module "chart.js" {
  interface PluginOptionsByType<TType extends ChartType> {
    eventSpans: object;
    limitLines: object;
    lineNames: object;
    playhead: object;
    ruleBand: object;
  }
  interface Tick {
    text?: string;
  }
  interface InteractionModeMap {
    reading: InteractionModeFunction;
  }
}

declare global {
  interface Document {
    getElementById<Id extends keyof PageElements>(id: Id): PageElements[Id] | null;
  }
  // Elements that the scripts look for by a selector are HTML, but for the canvas and a few parts of icons.
  interface ParentNode {
    querySelector(selectors: "canvas"): HTMLCanvasElement | null;
    querySelector(selectors: string): HTMLElement | null;
    querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
  }
  interface Element {
    closest(selectors: string): HTMLElement | null;
  }
  interface Window {
    /** Chart.js; undefined until it has come. */
    Chart?: typeof Chart;
  }
  // Promise.allSettled() gives one of these: the other's property is not there.
  interface PromiseFulfilledResult<T> {
    reason?: undefined;
  }
  interface PromiseRejectedResult {
    value?: undefined;
  }
}
