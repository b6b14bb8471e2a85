/** @file The live stream of alert transitions: resumes where it stopped, says when it is away. */
import { API, renew } from "./api.js";

const RETRY_MS = [1000, 2000, 5000, 10000, 20000];

/**
 * @typedef {object} Handlers
 * @property {(number: number, data: {transition: any, alert: any}) => void} alert
 * @property {() => void} resync everything has to be fetched anew
 * @property {(open: boolean) => void} state
 */

export class Stream {
  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.last = 0;
    this.failures = 0;
    /** @type {EventSource | null} */
    this.source = null;
    this.timer = 0;
  }

  /** Goes on behind transition `after`. @param {number} after */
  open(after) {
    this.close();
    this.last = Math.max(this.last, after);
    // A new EventSource cannot send the header Last-Event-ID; the address carries the number instead.
    const source = new EventSource(`${API}/stream?last_event_id=${this.last}`);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.handlers.state(true);
    };
    source.onerror = () => this.lost(source);
    source.addEventListener("alert", (event) => this.take(event));
    source.addEventListener("resync", () => this.handlers.resync());
  }

  /** @param {MessageEvent} event */
  take(event) {
    const number = Number(event.lastEventId);
    if (number && number <= this.last) return;
    this.last = Math.max(this.last, number || 0);
    this.handlers.alert(this.last, JSON.parse(event.data));
  }

  /** The browser reconnects by itself after a cut; after a refusal (an expired session) it gives up.
   * @param {EventSource} source */
  lost(source) {
    this.handlers.state(false);
    if (source.readyState !== EventSource.CLOSED || source !== this.source) return;
    const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => renew().then(() => this.source === source && this.open(this.last)), wait);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
