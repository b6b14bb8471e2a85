/** @file A warning tone for critical alerts, made by the browser: three falling pairs, never a file. */

const PAIRS = 3;
const GAP_MS = 4000;

export class Siren {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    this.last = 0;
  }

  /** Browsers let a page sound only after a click: this is that click. @returns {Promise<boolean>} */
  async enable() {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.pair(this.context.currentTime, 0.08);
    return this.context.state === "running";
  }

  async disable() {
    await this.context?.close();
    this.context = null;
  }

  /** Sounds, unless it has just done so: fifty alerts at once are one alarm. */
  sound() {
    if (!this.context || Date.now() - this.last < GAP_MS) return;
    this.last = Date.now();
    for (let turn = 0; turn < PAIRS; turn++) this.pair(this.context.currentTime + turn * 0.7, 0.25);
  }

  /** @param {number} at seconds of the context's clock @param {number} loudness */
  pair(at, loudness) {
    this.tone(at, 988, loudness);
    this.tone(at + 0.24, 740, loudness);
  }

  tone(at, frequency, loudness) {
    const oscillator = this.context.createOscillator();
    const gain = this.context.createGain();
    oscillator.type = "triangle";
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loudness, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + 0.22);
    oscillator.connect(gain).connect(this.context.destination);
    oscillator.onended = () => gain.disconnect();
    oscillator.start(at);
    oscillator.stop(at + 0.23);
  }
}
