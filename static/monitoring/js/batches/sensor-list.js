// The soft sensors of a batch: a chart for each that has values, a list of what the others lack.
import { setText } from "../base/dom.js";
import { get } from "../base/request.js";
import { VisibilityTracker } from "../charts/visibility-tracker.js";
import { makeFigure } from "./figures.js";
import { hasValues, needsOf, sensorOptions } from "./sensor.js";

/**
 * @typedef {import("./sensor.js").Sensor} Sensor
 * @typedef {import("./figure.js").BatchFigure} BatchFigure
 */

const POINTS = 400;
const EVERY_MS = 60000; // values are of minutes
const TIMEOUT_MS = 15000;
const UNREAD = "The soft sensors could not be read. They are tried again with the next refresh of the page.";

/**
 * Show the soft sensors once their heading comes into view; returns a function that reads them again, at most once a
 * minute and only in view: they are computed on request.
 * @param {string} url
 * @param {() => {marks: import("./page-data.js").BatchMarks, isClock: boolean}} view
 */
export function showSensors(url, view) {
  const list = document.getElementById("sensors");
  const text = document.getElementById("sensors-text");
  const section = document.getElementById("sensors-section");
  let readAt = -Infinity;
  const tracker = new VisibilityTracker((_element, isNear) => isNear && renew());
  tracker.observe(section);
  /** @type {Map<string, BatchFigure>} */
  const figures = new Map();
  /** @type {Map<string, Sensor>} */
  const sensors = new Map();

  /** @param {string} name */
  function show(name) {
    const sensor = sensors.get(name);
    const { marks, isClock } = view();
    if (sensor) figures.get(name)?.show(sensorOptions(sensor, marks, isClock));
  }

  async function renew() {
    if (!tracker.has(section) || performance.now() - readAt < EVERY_MS) return;
    readAt = performance.now();
    const answer = await get(url, { parameters: { points: POINTS }, timeoutMs: TIMEOUT_MS }).catch(() => null);
    if (!answer) {
      readAt = -Infinity;
      return setText(text, UNREAD);
    }
    const found = /** @type {Sensor[]} */ (answer.body.sensors);
    for (const sensor of found) {
      sensors.set(sensor.name, sensor);
      if (hasValues(sensor) && !figures.has(sensor.name)) add(sensor);
      show(sensor.name);
    }
    setText(text, found.some(hasValues) ? "" : "No soft sensor has values in this batch.");
    tellMissing(found.filter((sensor) => !hasValues(sensor)));
  }

  /** @param {Sensor} sensor */
  function add({ name, title, formula, source, remarks }) {
    const figure = makeFigure(list, { title }, () => show(name));
    const about = document.createElement("p");
    about.className = "formula lasted";
    about.textContent = [`${formula}.`, source && `Source: ${source}.`, ...remarks].filter(Boolean).join(" ");
    figure.details.before(about);
    figures.set(name, figure);
  }

  return {
    renew,
    show: () => sensors.forEach(({ name }) => show(name)),
  };
}

/** @param {Sensor[]} lacking */
function tellMissing(lacking) {
  const items = needsOf(lacking).map(({ need, titles }) => {
    const item = document.createElement("li");
    const about = document.createElement("span");
    about.className = "lasted";
    about.textContent = titles.join("; ");
    item.append(`${need} `, about);
    return item;
  });
  document.getElementById("sensors-lacking").hidden = !items.length;
  setText(document.getElementById("sensors-count"), `Without values: ${lacking.length}. What they need`);
  document.getElementById("sensors-missing").replaceChildren(...items);
}
