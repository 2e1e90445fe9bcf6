// Tones by priority, by Web Audio. A browser plays nothing before a click: the bar offers one.
import { partsOf, setText } from "../base/dom.js";

/** Beeps, their pitch and the pause until they come again (null: once). */
const TONES = {
  critical: { beeps: 3, hz: 880, everyMs: 5000 },
  high: { beeps: 2, hz: 660, everyMs: 15000 },
  medium: { beeps: 1, hz: 520, everyMs: 60000 },
  low: { beeps: 1, hz: 390, everyMs: null },
};
const LOST = { beeps: 2, hz: 260, everyMs: 30000 };
const BEEP_S = 0.18;
const VOLUME = 0.25;
const button = document.getElementById("alarm-sound");
const silence = document.getElementById("alarm-silence");
/** @type {AudioContext | null} */
let audio = null;
let playedAt = -Infinity;
/** What sounds now: priority and occurrence, or that the connection is lost; empty for nothing. */
let sounding = "";
/** What was silenced. */
let silenced = "";
let played = 0;

/** Return how many times a tone was played. */
export const tonesPlayed = () => played;

/** Wire the two buttons. */
export function wireSound() {
  button.addEventListener("click", async () => {
    if (audio) await audio.close();
    audio = audio ? null : new AudioContext();
    await audio?.resume();
    setAudible();
    if (audio) play(TONES.low);
  });
  silence.addEventListener("click", () => {
    silenced = sounding;
    showButtons();
  });
}

function setAudible() {
  const { state, change } = partsOf(button);
  setText(state, audio ? "on" : "off");
  setText(change, audio ? "off" : "on");
  button.setAttribute("aria-pressed", String(audio !== null));
  showButtons();
}

const showButtons = () => {
  silence.hidden = !audio || !sounding || sounding === silenced;
};

/**
 * Sound what waits for a person: again and again until it is acknowledged or silenced. A newer alarm sounds anew.
 * @param {{priority: string, occurrence: number | null} | null} newest the most urgent alarm; null if none waits
 * @param {boolean} isLost whether the server has not answered for a while
 */
export function sound(newest, isLost) {
  const what = isLost ? "lost" : newest ? `${newest.priority} ${newest.occurrence}` : "";
  if (what !== sounding) playedAt = -Infinity;
  sounding = what;
  showButtons();
  if (!audio || !what || what === silenced) return;
  const tone = isLost ? LOST : TONES[/** @type {keyof typeof TONES} */ (newest ? newest.priority : "low")];
  const isDue = performance.now() - playedAt >= (tone.everyMs ?? Infinity) || playedAt === -Infinity;
  if (isDue) play(tone);
}

/** @param {{beeps: number, hz: number}} tone */
function play({ beeps, hz }) {
  if (!audio) return;
  playedAt = performance.now();
  played += 1;
  for (let i = 0; i < beeps; i++) beep(audio, hz, audio.currentTime + i * 2 * BEEP_S);
}

/**
 * @param {AudioContext} context
 * @param {number} hz
 * @param {number} at seconds
 */
function beep(context, hz, at) {
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(VOLUME, at + 0.02);
  gain.gain.linearRampToValueAtTime(0, at + BEEP_S);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + BEEP_S);
}
