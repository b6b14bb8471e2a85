/** @file Sends what waits, inside the page: the inspection first, then its files one by one, until each is confirmed. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { Refusal, Unanswered, post, put } from "../lib/write.js";
import { newId } from "./days.js";
import { filesToSend, queued, reopened, sent } from "./record.js";

/** Answers after which the service certainly holds nothing of the inspection: the person has to change it. */
const REFUSED = new Set([400, 403, 404, 409, 413, 415, 422]);
/** Answers that no repetition of the same bytes can change. */
const FILE_REFUSED = new Set([400, 413, 415, 422]);
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300_000;
const OTHER_TAB_MS = 15_000;
const LOCK = "campus-inspect-sending";

/** How long to wait after so many failures, spread so that phones do not come back all at once.
 * @param {number} failures @param {number} [chance] from 0 to 1 */
export function waitAfter(failures, chance = Math.random()) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1)) * (0.8 + 0.4 * chance);
}

/** @typedef {{busy: boolean, signedOut: boolean, silent: boolean}} Sending silent: no answer at all, as without a network */

export class Sender {
  /** @param {import("./keep.js").Keep} keep @param {string} person whose visits are sent @param {(state: Sending) => void} told */
  constructor(keep, person, told) {
    Object.assign(this, { keep, person, told });
    this.busy = false;
    this.asked = false;
    this.signedOut = false;
    this.silences = 0;
    this.rest = 0;
    this.timer = 0;
    this.awake = () => { if (document.visibilityState === "visible") this.now(); };
    this.online = () => this.now();
    this.byHand = false;
  }

  start() {
    addEventListener("online", this.online);
    document.addEventListener("visibilitychange", this.awake);
    this.now();
  }

  stop() {
    removeEventListener("online", this.online);
    document.removeEventListener("visibilitychange", this.awake);
    clearTimeout(this.timer);
    this.stopped = true;
  }

  /** Tries everything that waits at once: a network that came back, a sign-in, a tap.
   * @param {boolean} [byHand] also where the phone says that it has no network */
  now(byHand = false) {
    this.asked = true;
    this.byHand ||= byHand;
    this.rest = 0;
    this.signedOut = false;
    return this.run();
  }

  async run() {
    if (this.busy || this.stopped) return;
    this.busy = true;
    clearTimeout(this.timer);
    this.say();
    let next = OTHER_TAB_MS;
    let alone = false;
    try {
      // One tab sends; where the browser knows no locks (plain http) the keys keep two from counting twice.
      await onlyHere(async () => {
        alone = true;
        next = await this.rounds();
      });
    } finally {
      this.busy = false;
      this.say();
      // Asked between the last round and here.
      if (alone && this.asked) next = 0;
      if (!this.stopped && Number.isFinite(next)) this.timer = setTimeout(() => this.run(), next);
    }
  }

  say() {
    this.told({ busy: this.busy, signedOut: this.signedOut, silent: this.silences > 0 });
  }

  /** @returns {Promise<number>} milliseconds until the next look; Infinity: nothing waits, or nobody is signed in */
  async rounds() {
    do {
      const all = this.asked;
      // What never left can still be taken back: without a network nothing is tried.
      if (navigator.onLine === false && !this.byHand) this.silence();
      if (this.byHand) await this.retryRefused();
      this.asked = this.byHand = false;
      for (const visit of await this.waiting()) {
        if (!all && visit.queue.retry_at > Date.now()) continue;
        if (this.signedOut || this.stopped || this.rest > Date.now()) break;
        await this.one(visit);
      }
    } while (this.asked && !this.stopped);
    const left = await this.waiting();
    if (this.signedOut || !left.length) return Infinity;
    const due = Math.min(...left.map(({ queue }) => queue.retry_at));
    return Math.max(this.rest - Date.now(), due - Date.now(), 0);
  }

  /** A person asks again for what the service did not take: the reason may have been on its side. */
  async retryRefused() {
    const refused = (await this.keep.visits()).filter((one) => one.person === this.person && Object.keys(one.queue?.refused ?? {}).length);
    for (const { id } of refused) await this.keep.update(id, (one) => queued(one, { refused: {} }));
  }

  /** The oldest first; one whose every open file was refused waits for a person. */
  async waiting() {
    const visits = (await this.keep.visits()).filter((one) => one.person === this.person && one.state === "waiting");
    return visits.filter((one) => !one.queue.stored || filesToSend(one).length || !Object.keys(one.queue.refused).length)
      .sort((a, b) => a.finished_at.localeCompare(b.finished_at));
  }

  /** Nobody answers: the others would fail as well, and no visit is to blame. All wait together. */
  silence() {
    this.silences += 1;
    this.rest = Date.now() + waitAfter(this.silences);
  }

  /** @param {any} visit */
  async one(visit) {
    try {
      await deliver(this.keep, visit.id);
      this.silences = 0;
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut = true;
      else if (isSilence(error)) {
        this.silence();
      } else {
        this.silences = 0;
        await this.keep.update(visit.id, (one) => failed(one, error));
      }
    }
  }
}

/** @param {() => Promise<void>} work not done where another tab is at it */
async function onlyHere(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

const isSilence = (error) => error instanceof Unanswered && !error.status;

function failed(visit, error) {
  if (visit.state !== "waiting") return visit;
  const attempts = visit.queue.attempts + 1;
  return queued(visit, { attempts, trouble: error.message || String(error), retry_at: Date.now() + waitAfter(attempts) });
}

/** One visit as far as it goes; throws what stopped it. @param {import("./keep.js").Keep} keep @param {string} id */
async function deliver(keep, id) {
  let visit = await keep.update(id, (one) => queued(one, { tried: true }));
  if (visit.state !== "waiting") return;
  if (!visit.queue.stored) {
    visit = await submit(keep, visit);
    if (visit.state !== "waiting") return;
  }
  let stopped = null;
  for (const sha256 of filesToSend(visit)) {
    try {
      visit = await sendFile(keep, visit, sha256);
    } catch (error) {
      if (error instanceof SignedOut || isSilence(error)) throw error;
      stopped = error;
    }
  }
  if (stopped) throw stopped;
  const { previous } = visit.queue.stored;
  const before = previous ? await getJson(`${addressOf(visit)}/inspections/${previous}`).catch(() => null) : null;
  await keep.update(id, (one) => sent(one, before && shortly(before), new Date().toISOString()));
}

const addressOf = (visit) => `${API}/cafeterias/${encodeURIComponent(visit.cafeteria)}`;
const shortly = ({ id, date, score, grade, icon, reason }) => ({ id, date, score, grade, icon, reason });

async function submit(keep, visit) {
  try {
    const stored = await post(`${addressOf(visit)}/inspections`, visit.body, { "Idempotency-Key": `${visit.id}.${visit.edition}` });
    const there = (stored.attachments ?? []).filter(({ stored_at: at }) => at).map(({ sha256 }) => sha256);
    return await keep.update(visit.id, (one) => queued(one, { stored, confirmed: there, trouble: "" }));
  } catch (error) {
    if (!(error instanceof Refusal) || !REFUSED.has(error.status)) throw error;
    const { status, message: detail, problems } = error;
    // 409: that id is taken by something else; what the person sends next is an inspection of its own.
    const id = status === 409 ? newId() : visit.body.id;
    return keep.update(visit.id, (one) => reopened({ ...one, sent_as: id }, { status, detail, problems }));
  }
}

/** The server's own hash of what it holds must be ours; only then does the phone let go of a file. */
async function sendFile(keep, visit, sha256) {
  const file = await keep.file(visit.id, sha256);
  try {
    if (!file) throw new Refusal(422, "not on this phone any more", []);
    const answer = await put(`${addressOf(visit)}/attachments/${sha256}`, file.bytes, file.media_type);
    if (answer.sha256 !== sha256) throw new Unanswered(`SHA-256 ${String(answer.sha256).slice(0, 12)} ≠ ${sha256.slice(0, 12)}`, 200);
    return await keep.update(visit.id, (one) => queued(one, { confirmed: [...one.queue.confirmed, sha256] }));
  } catch (error) {
    if (!(error instanceof Refusal) || !FILE_REFUSED.has(error.status)) throw error;
    return keep.update(visit.id, (one) => queued(one, { refused: { ...one.queue.refused, [sha256]: error.message } }));
  }
}
