/** @file The queue: what is listed, in which order, and what the address bar says of it. No DOM, no network. */

export const LEVELS = ["critical", "major", "minor", "warning"];
export const DISPOSITIONS = ["confirmed", "false_alarm", "drill", "test", "duplicate"];

/**
 * @typedef {object} Filters
 * @property {string[]} severities of LEVELS; none means all
 * @property {string} school a code, or "" for all
 * @property {boolean} closed the closed ones of the last day instead of the open ones
 * @property {boolean} waiting only those that nobody has claimed
 * @property {string} words part of the title, the place, the device or the school
 */

/** @param {string} search of an address @returns {Filters} */
export function readFilters(search) {
  const asked = new URLSearchParams(search);
  const named = asked.getAll("severity").flatMap((text) => text.split(","));
  return {
    severities: LEVELS.filter((level) => named.includes(level)),
    school: asked.get("school") ?? "",
    closed: asked.get("open") === "false",
    waiting: asked.get("acknowledged") === "false",
    words: asked.get("q") ?? "",
  };
}

/** The address of these filters; what else stands in `search` stays. @param {Filters} filters @param {string} search */
export function writeFilters(filters, search) {
  return written(search, {
    severity: filters.severities.join(","),
    school: filters.school,
    open: filters.closed ? "false" : "",
    acknowledged: filters.waiting ? "false" : "",
    q: filters.words.trim(),
  });
}

/**
 * Where the reader is beside the queue: an alert, or a sheet in its place.
 * @typedef {{alert: number, sheet: string}} Place 0 and "" where it is the queue alone
 */

/** @param {string} search @returns {Place} */
export function readPlace(search) {
  const asked = new URLSearchParams(search);
  const number = Number(asked.get("alert"));
  return { alert: Number.isSafeInteger(number) && number > 0 ? number : 0, sheet: asked.get("sheet") ?? "" };
}

/** @param {Place} place @param {string} search */
export function writePlace(place, search) {
  return written(search, { alert: place.alert ? String(place.alert) : "", sheet: place.sheet });
}

/** @param {string} search @param {Record<string, string>} values empty ones are taken out */
function written(search, values) {
  const kept = new URLSearchParams(search);
  for (const [name, value] of Object.entries(values)) {
    if (value) kept.set(name, value);
    else kept.delete(name);
  }
  const text = kept.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/** Worst first, then the one that has waited longest; of the closed ones, the latest first.
 * @param {any[]} alerts @param {Filters} filters */
export function sorted(alerts, filters) {
  const rank = (alert) => LEVELS.indexOf(alert.severity);
  if (filters.closed) return [...alerts].sort((a, b) => Date.parse(b.closed_at) - Date.parse(a.closed_at) || b.id - a.id);
  return [...alerts].sort((a, b) => rank(a) - rank(b) || Date.parse(a.raised_at) - Date.parse(b.raised_at) || a.id - b.id);
}

/** Whether the service was asked for it; words and claims are looked for in what it gave.
 * @param {any} alert @param {Filters} filters */
export function belongs(alert, filters) {
  return Boolean(alert.closed_at) === filters.closed
    && (!filters.school || alert.school === filters.school)
    && (!filters.severities.length || filters.severities.includes(alert.severity));
}

/** @param {any[]} alerts @param {any} alert the newest word on it @param {Filters} filters */
export function withAlert(alerts, alert, filters) {
  const others = alerts.filter((known) => known.id !== alert.id);
  return belongs(alert, filters) ? sorted([...others, alert], filters) : others;
}

/** What of the queue is shown. Every word asked for must be found somewhere in the alert.
 * @param {any[]} alerts @param {Filters} filters @param {(alert: any) => string} textOf */
export function shown(alerts, filters, textOf) {
  const asked = filters.words.toLowerCase().split(/\s+/).filter(Boolean);
  return alerts.filter((alert) => {
    if (filters.waiting && (alert.acknowledged_at || alert.closed_at)) return false;
    if (!asked.length) return true;
    const text = textOf(alert).toLowerCase();
    return asked.every((word) => text.includes(word));
  });
}

/** What holds an alert's messages back. @param {string | null} cause such as `silence:12`
 * @returns {{type: string, of: string} | null} */
export function causeOf(cause) {
  if (!cause) return null;
  const [type, ...rest] = cause.split(":");
  return { type, of: rest.join(":") };
}

/** How a silence can end, in hours; `night`: with the day. */
export const SILENCES = ["1", "4", "night", "24", "168"];

/** @param {string} choice of SILENCES @param {number} now milliseconds @param {number} midnight the next one */
export function silenceEnd(choice, now, midnight) {
  return new Date(choice === "night" ? midnight : now + Number(choice) * 3_600_000);
}

/** Whether a silence is about an alert, as the service reads its `match`. @param {any} silence @param {any} alert */
export function covers(silence, alert) {
  if (silence.school && silence.school !== alert.school) return false;
  return Object.entries(silence.match).every(([field, wanted]) => {
    const values = [wanted?.not ?? wanted].flat();
    return values.includes(alert[field]) !== Boolean(wanted?.not);
  });
}
