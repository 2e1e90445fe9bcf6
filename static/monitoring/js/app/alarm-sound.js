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
const LOSS = "lost";
const BEEP_S = 0.18;
const VOLUME = 0.25;
const button = document.getElementById("alarm-sound");
const silence = document.getElementById("alarm-silence");
/** @type {AudioContext | null} */
let audio = null;
let playedAt = -Infinity;
/** What sounds now: the highest priority and the newest occurrence, or LOSS; empty for nothing. */
let sounding = "";
/** The newest occurrence that was silenced, and whether the loss of the connection was. */
let silencedTo = 0;
let isLossSilenced = false;
/** The newest occurrence that waits for a person. */
let latest = 0;
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
    if (sounding === LOSS) isLossSilenced = true;
    else silencedTo = latest;
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
  silence.hidden = !audio || !sounding || isQuiet();
};

const isQuiet = () => (sounding === LOSS ? isLossSilenced : latest <= silencedTo);

/**
 * Sound what waits for a person: again and again until it is acknowledged or silenced. A newer alarm sounds anew.
 * @param {{priority: string, occurrence: number | null}[]} unseen what waits for a person, the most urgent first
 * @param {boolean} isLost whether the server has not answered for a while
 */
export function sound(unseen, isLost) {
  const [worst] = unseen;
  latest = Math.max(0, ...unseen.map(({ occurrence }) => occurrence ?? 0));
  if (!isLost) isLossSilenced = false;
  const what = isLost ? LOSS : worst ? `${worst.priority} ${latest}` : "";
  if (what !== sounding) playedAt = -Infinity;
  sounding = what;
  showButtons();
  if (!audio || !what || isQuiet()) return;
  const tone = isLost ? LOST : TONES[/** @type {keyof typeof TONES} */ (worst ? worst.priority : "low")];
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
