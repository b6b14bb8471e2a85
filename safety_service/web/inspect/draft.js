/** @file The visit in hand: kept on this phone at each tap, sent under one key until it is answered. */

export const RESULTS = ["pass", "fail", "absent"];

/**
 * @typedef {object} Draft
 * @property {string} version of the scheme whose checklist was answered
 * @property {string} date YYYY-MM-DD
 * @property {string} inspector
 * @property {string} note
 * @property {Record<string, {result: string, note?: string}>} answers by item code
 * @property {{key: string, body: object} | null} sent left this phone and is not answered yet
 */

/** @param {string} person @param {string} cafeteria */
const place = (person, cafeteria) => `campus.inspect.${person}.${cafeteria}`;

/** Today where the cafeteria is. @param {string | undefined} timezone @param {Date} [now] */
export function today(timezone, now = new Date()) {
  const parts = new Intl.DateTimeFormat("en", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(now);
  const part = (type) => parts.find((one) => one.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** @param {string} version @param {string} date @param {string} inspector @returns {Draft} */
export function emptyDraft(version, date, inspector) {
  return { version, date, inspector, note: "", answers: {}, sent: null };
}

/** @param {string} person @param {string} cafeteria @returns {Draft | null} */
export function loadDraft(person, cafeteria) {
  try {
    return JSON.parse(localStorage.getItem(place(person, cafeteria)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} person @param {string} cafeteria @param {Draft} draft @returns {boolean} false: this phone keeps nothing */
export function saveDraft(person, cafeteria, draft) {
  try {
    localStorage.setItem(place(person, cafeteria), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} person @param {string} cafeteria */
export function dropDraft(person, cafeteria) {
  localStorage.removeItem(place(person, cafeteria));
}

/** What the service is sent. @param {string} scheme @param {any[]} items of the checklist @param {Draft} draft */
export function bodyOf(scheme, items, draft) {
  const answered = items.filter((item) => draft.answers[item.code]);
  return {
    scheme,
    date: draft.date,
    ...(draft.inspector.trim() && { inspector: draft.inspector.trim() }),
    ...(draft.note.trim() && { note: draft.note.trim() }),
    items: answered.map(({ code }) => {
      const { result, note } = draft.answers[code];
      return { code, result, ...(result === "fail" && note?.trim() && { note: note.trim() }) };
    }),
  };
}

/** A key nobody else has; `randomUUID` exists only on https and on this machine itself. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
