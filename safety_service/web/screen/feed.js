/** @file Keeps the screen's state true: snapshot, then stream, polling where the stream is away. */
import { API, Reader, SignedOut, renew } from "../lib/api.js";
import { Stream } from "../lib/stream.js";
import { emptyState, withAlert, withSnapshot } from "./state.js";

const POLL_MS = 5000;
const OVERVIEW_MS = 10_000;
const VIEWS_MS = 60_000;
const AFTER_ALERT_MS = 700;
const RENEW_MS = 10 * 60_000;

const VIEWS = {
  map: `${API}/view/map`,
  trend: `${API}/view/trend?hours=24`,
  days: `${API}/view/trend/days?days=30`,
  boundary: `${API}/view/boundary`,
  kinds: `${API}/view/kinds?hours=24&limit=8`,
  schools: `${API}/view/schools?hours=24&limit=8`,
  cafeterias: `${API}/view/cafeterias`,
};

export class Feed {
  /**
   * @param {(state: import("./state.js").ScreenState) => void} changed
   * @param {(transition: any, alert: any) => void} heard each transition, once
   * @param {() => void} signedOut
   */
  constructor(changed, heard, signedOut) {
    this.changed = changed;
    this.heard = heard;
    this.signedOut = signedOut;
    this.state = emptyState();
    this.overview = new Reader(`${API}/view/overview`);
    this.views = Object.fromEntries(Object.entries(VIEWS).map(([name, path]) => [name, new Reader(path)]));
    this.stream = new Stream({
      alert: (_, news) => this.take(news),
      resync: () => this.refetch(),
      state: (live) => this.update({ live }),
    });
    this.lastAnswer = 0;
    /** The newest alert that anybody was told of here; 0 before the first snapshot. */
    this.newest = 0;
    this.due = { overview: 0, views: 0 };
    this.busy = false;
    this.stopped = false;
    this.timers = [];
    this.wake = () => document.visibilityState === "visible" && this.refetch();
  }

  async start() {
    this.timers = [setInterval(() => this.tick(), 1000), setInterval(renew, RENEW_MS)];
    document.addEventListener("visibilitychange", this.wake);
    await this.refetch();
  }

  stop() {
    this.stopped = true;
    this.timers.forEach(clearInterval);
    this.stream.close();
    document.removeEventListener("visibilitychange", this.wake);
  }

  /** @param {Partial<import("./state.js").ScreenState>} news */
  update(news) {
    this.state = { ...this.state, ...news };
    this.changed(this.state);
  }

  /** @param {{transition: any, alert: any}} news */
  take({ transition, alert }) {
    this.update({ alerts: withAlert(this.state.alerts, this.named(alert)) });
    // What polling has told of already is not told again when the stream catches up.
    if (transition.change !== "raised" || alert.id > this.newest) this.heard(transition, alert);
    this.newest = Math.max(this.newest, alert.id);
    const soon = Date.now() + AFTER_ALERT_MS;
    this.due.overview = Math.min(this.due.overview, soon);
    this.due.views = Math.min(this.due.views, soon + 3 * AFTER_ALERT_MS);
  }

  /** The stream names the school's code; the map knows what it is called. @param {any} alert */
  named(alert) {
    if (alert.school_name_zh) return alert;
    const place = this.state.map?.features.find((feature) => feature.id === alert.school)?.properties;
    return { ...alert, school_name_zh: place?.name_zh, school_name_en: place?.name_en };
  }

  async refetch() {
    this.due = { overview: 0, views: 0 };
    await this.tick();
  }

  async tick() {
    if (this.busy) return;
    this.busy = true;
    try {
      const now = Date.now();
      if (now >= this.due.overview) {
        // Set before reading: an alert that comes in meanwhile brings the next reading forward again.
        this.due.overview = now + (this.state.live ? OVERVIEW_MS : POLL_MS);
        await this.readOverview();
      }
      if (now >= this.due.views) {
        this.due.views = now + (this.state.live ? VIEWS_MS : POLL_MS);
        await this.readViews();
      }
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut();
      else this.due = { overview: Date.now() + POLL_MS, views: Date.now() + POLL_MS };
    } finally {
      this.busy = false;
    }
  }

  async readOverview() {
    const { body, changed, asOf } = await this.overview.read();
    this.lastAnswer = Date.now();
    if (this.stopped) return undefined;
    // Only now: the stream goes on behind what the snapshot already shows.
    if (!this.stream.source) this.stream.open(body.last_transition);
    if (!changed) return this.update({ asOf });
    if (!this.state.live) this.hearNew(body.newest);
    return this.update({ asOf, overview: body, alerts: withSnapshot(this.state.alerts, body.newest) });
  }

  /** Where the stream is away, a snapshot is how one hears of a new alert. @param {any[]} alerts */
  hearNew(alerts) {
    for (const alert of this.newest ? alerts : []) {
      if (alert.id > this.newest && !alert.closed_at) this.heard({ change: "raised", severity: alert.severity }, alert);
    }
    this.newest = Math.max(this.newest, ...alerts.map((alert) => alert.id));
  }

  async readViews() {
    const names = Object.keys(this.views);
    const found = await Promise.all(names.map((name) => this.views[name].read()));
    const news = names.map((name, index) => [name, found[index]]).filter(([, answer]) => answer.changed);
    if (news.length) this.update(Object.fromEntries(news.map(([name, answer]) => [name, answer.body])));
  }
}
