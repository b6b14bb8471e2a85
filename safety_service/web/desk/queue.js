/** @file The queue: what is listed, in which order, and what the address bar says of it. No DOM, no network. */

export const LEVELS = ["critical", "major", "minor", "warning"];
export const DISPOSITIONS = ["confirmed", "false_alarm", "drill", "test", "duplicate"];

/**
 * @typedef {object} Filters
 * @property {string[]} severities of LEVELS; none means all
 * @property {string} school a code, or "" for all
 * @property {boolean} closed the closed ones of the last day instead of the open ones
 */

/** @param {string} search of an address @returns {Filters} */
export function readFilters(search) {
  const asked = new URLSearchParams(search);
  const named = asked.getAll("severity").flatMap((text) => text.split(","));
  return {
    severities: LEVELS.filter((level) => named.includes(level)),
    school: asked.get("school") ?? "",
    closed: asked.get("open") === "false",
  };
}

/** The address of these filters; what else stands in `search` stays. @param {Filters} filters @param {string} search */
export function writeFilters(filters, search) {
  const kept = new URLSearchParams(search);
  const set = (name, value) => (value ? kept.set(name, value) : kept.delete(name));
  set("severity", filters.severities.join(","));
  set("school", filters.school);
  set("open", filters.closed ? "false" : "");
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

/** @param {any} alert @param {Filters} filters */
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
