/** @file What this phone keeps: visits, their files, and what is needed to go on without a network. */
import { heldFiles } from "./record.js";

const NAME = "campus-inspect";
const VERSION = 1;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answerTo = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("visits", { keyPath: "id" }).createIndex("person", "person");
    request.result.createObjectStore("files", { keyPath: ["visit", "sha256"] });
    request.result.createObjectStore("known");
  };
  return answerTo(request);
}

/** Every change is one transaction, read and written in it: two tabs and the sender never undo each other. */
export class Keep {
  constructor() {
    /** @type {Promise<IDBDatabase> | null} */
    this.opening = null;
    /** @type {Set<(id: string) => void>} */
    this.watchers = new Set();
    this.others = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null;
    if (this.others) this.others.onmessage = ({ data }) => this.watchers.forEach((told) => told(data));
  }

  /** @returns {Promise<IDBDatabase>} */
  box() {
    this.opening ??= opened().then((box) => {
      // Phones close it behind a page that sleeps; the next use opens it again.
      box.onclose = () => { this.opening = null; };
      box.onversionchange = () => { box.close(); this.opening = null; };
      return box;
    }).catch((error) => { this.opening = null; throw error; });
    return this.opening;
  }

  /** @param {string[]} stores @param {IDBTransactionMode} mode */
  async begin(stores, mode) {
    try {
      return (await this.box()).transaction(stores, mode, { durability: "strict" });
    } catch (error) {
      if (error.name !== "InvalidStateError") throw error;
      this.opening = null;
      return (await this.box()).transaction(stores, mode, { durability: "strict" });
    }
  }

  /** Changes one visit, with the files that came with the change. Files that no kept visit holds any more go.
   * @param {string} id @param {(visit: any) => any} change pure; what it returns is kept
   * @param {{seed?: any, files?: {sha256: string, bytes: ArrayBuffer, media_type: string}[]}} [more] `seed`: the visit if there is none
   * @returns {Promise<any>} the visit as it is kept now, null where there is none */
  async update(id, change, { seed = null, files = [] } = {}) {
    const deal = await this.begin(["visits", "files"], "readwrite");
    const [visits, stored] = [deal.objectStore("visits"), deal.objectStore("files")];
    let kept = null;
    const reading = visits.get(id);
    reading.onsuccess = () => {
      const before = reading.result ?? seed;
      if (!before) return;
      kept = change(before);
      visits.put(kept);
      files.forEach((file) => stored.put({ ...file, visit: id }));
      const listing = stored.getAllKeys(IDBKeyRange.bound([id], [id, []]));
      listing.onsuccess = () => {
        const held = heldFiles(kept);
        listing.result.filter(([, sha256]) => !held.has(sha256)).forEach((key) => stored.delete(key));
      };
    };
    await ended(deal);
    this.tell(id);
    return kept;
  }

  /** Forgets a visit that the inspector gave up, or that was sent long ago. @param {string} id */
  async drop(id) {
    const deal = await this.begin(["visits", "files"], "readwrite");
    deal.objectStore("visits").delete(id);
    deal.objectStore("files").delete(IDBKeyRange.bound([id], [id, []]));
    await ended(deal);
    this.tell(id);
  }

  /** @param {string} id */
  async visit(id) {
    const deal = await this.begin(["visits"], "readonly");
    return answerTo(deal.objectStore("visits").get(id));
  }

  /** All visits on this phone, of whomever. @returns {Promise<any[]>} */
  async visits() {
    const deal = await this.begin(["visits"], "readonly");
    return answerTo(deal.objectStore("visits").getAll());
  }

  /** @param {string} id @param {string} sha256 */
  async file(id, sha256) {
    const deal = await this.begin(["files"], "readonly");
    return answerTo(deal.objectStore("files").get([id, sha256]));
  }

  /** @param {string} name */
  async known(name) {
    const deal = await this.begin(["known"], "readonly");
    return answerTo(deal.objectStore("known").get(name));
  }

  /** @param {string} prefix @returns {Promise<Map<string, any>>} by name without the prefix */
  async allKnown(prefix) {
    const deal = await this.begin(["known"], "readonly");
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const store = deal.objectStore("known");
    const [names, values] = await Promise.all([answerTo(store.getAllKeys(range)), answerTo(store.getAll(range))]);
    return new Map(names.map((name, index) => [String(name).slice(prefix.length), values[index]]));
  }

  /** @param {string} name @param {any} value */
  async remember(name, value) {
    const deal = await this.begin(["known"], "readwrite");
    deal.objectStore("known").put(value, name);
    await ended(deal);
  }

  /** @param {(id: string) => void} told after each change, here or in another tab @returns {() => void} ends it */
  watch(told) {
    this.watchers.add(told);
    return () => this.watchers.delete(told);
  }

  /** @param {string} id */
  tell(id) {
    this.watchers.forEach((told) => told(id));
    this.others?.postMessage(id);
  }
}

/** @param {IDBTransaction} deal @returns {Promise<void>} */
const ended = (deal) => new Promise((resolve, reject) => {
  deal.oncomplete = () => resolve();
  deal.onabort = () => reject(deal.error ?? new Error("the phone kept nothing"));
});
