/** @file Keeps the queue true: snapshot, then stream; polling where the stream is away. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { Stream } from "../lib/stream.js";
import { LEVELS, sorted, withAlert } from "./queue.js";

const POLL_MS = 10_000;
const RETRY_MS = 3000;
/** What the stream does not tell: that a silence has begun to hold an alert back, or holds it no longer. */
const REREAD_MS = 60_000;
/** Rows read for each severity, so that many warnings never hide a critical alert. */
const ROWS = 500;
const DAY_MS = 86_400_000;

/**
 * @typedef {object} Queue
 * @property {any[]} alerts
 * @property {boolean} more the service has more than were read
 * @property {boolean} live the stream is open
 * @property {number} asOf when the list was last known to be true, milliseconds; 0 before the first answer
 * @property {string} trouble why the last reading failed, else ""
 */

export class Feed {
  /**
   * @param {import("./queue.js").Filters} filters
   * @param {(queue: Queue) => void} changed
   * @param {(alert: any, transition: any) => void} heard each transition with its alert
   * @param {() => void} signedOut
   */
  constructor(filters, changed, heard, signedOut) {
    this.filters = filters;
    this.changed = changed;
    this.heard = heard;
    this.signedOut = signedOut;
    this.queue = { alerts: [], more: false, live: false, asOf: 0, trouble: "" };
    this.stream = new Stream({
      alert: (_, news) => this.take(news.alert, news.transition),
      resync: () => this.read(),
      state: (live) => this.update({ live }),
    });
    this.timer = 0;
    this.readAt = 0;
    this.stopped = false;
    this.busy = false;
    /** Alerts the stream told of while a snapshot was being read: they are newer than it. @type {Map<number, any>} */
    this.meanwhile = new Map();
    this.wake = () => document.visibilityState === "visible" && this.read();
  }

  start() {
    document.addEventListener("visibilitychange", this.wake);
    this.read();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.stream.close();
    document.removeEventListener("visibilitychange", this.wake);
  }

  /** @param {Partial<Queue>} news */
  update(news) {
    if (this.stopped) return;
    this.queue = { ...this.queue, ...news };
    this.changed(this.queue);
  }

  /** @param {any} alert @param {any} [transition] none where this page made it itself */
  take(alert, transition = null) {
    if (this.stopped) return;
    if (this.busy) this.meanwhile.set(alert.id, alert);
    this.update({ alerts: withAlert(this.queue.alerts, alert, this.filters), asOf: Date.now() });
    this.heard(alert, transition);
  }

  async read() {
    if (this.busy || this.stopped) return;
    this.busy = true;
    clearTimeout(this.timer);
    this.meanwhile.clear();
    let wait = POLL_MS;
    try {
      // Where the history stood before the lists were read: the stream goes on from there, without a gap.
      const { last_transition: place } = await getJson(`${API}/view/overview`);
      const pages = await this.readLists();
      let alerts = sorted(pages.flatMap((page) => page.items), this.filters);
      for (const alert of this.meanwhile.values()) alerts = withAlert(alerts, alert, this.filters);
      this.readAt = Date.now();
      this.update({ alerts, more: pages.some((page) => page.next), asOf: this.readAt, trouble: "" });
      if (!this.stream.source && !this.stopped) this.stream.open(place);
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut();
      else this.update({ trouble: error.message });
      wait = RETRY_MS;
    } finally {
      this.busy = false;
    }
    if (!this.stopped) this.timer = setTimeout(() => this.rest(), wait);
  }

  /** While the stream is open little is read; where it has gone away, everything. */
  rest() {
    if (!this.queue.live || Date.now() - this.readAt > REREAD_MS) this.read();
    else this.timer = setTimeout(() => this.rest(), POLL_MS);
  }

  /** Reads again a little later: what was just written takes a moment to show. @param {number} afterMs */
  readSoon(afterMs) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), afterMs);
  }

  readLists() {
    const { severities, school, closed } = this.filters;
    return Promise.all((severities.length ? severities : LEVELS).map((severity) => {
      const wanted = new URLSearchParams({ open: String(!closed), severity, limit: String(ROWS) });
      if (school) wanted.set("school", school);
      if (closed) wanted.set("closed_from", new Date(Date.now() - DAY_MS).toISOString());
      return getJson(`${API}/alerts?${wanted}`);
    }));
  }
}
