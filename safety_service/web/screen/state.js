/** @file What the screen knows: bounded lists, merged from snapshots and the stream. No DOM, no network. */

export const LEVELS = ["critical", "major", "minor", "warning"];
export const KEPT_ALERTS = 60;
const NEW_FOR_MS = 5 * 60_000;
const LINGERS_MS = 60_000;

/**
 * @typedef {object} ScreenState
 * @property {any} overview
 * @property {any} map
 * @property {any} trend
 * @property {any} days
 * @property {any} boundary
 * @property {any} kinds
 * @property {any} schools
 * @property {any} cafeterias
 * @property {any[]} alerts newest first, at most KEPT_ALERTS
 * @property {boolean} live the stream is open
 * @property {number} asOf server time of the newest answer, milliseconds; 0 before the first
 */

/** @returns {ScreenState} */
export function emptyState() {
  return {
    overview: null, map: null, trend: null, days: null, boundary: null, kinds: null, schools: null, cafeterias: null,
    alerts: [], live: false, asOf: 0,
  };
}

/** The alert put in its place, replacing what was known of it. @param {any[]} alerts @param {any} alert */
export function withAlert(alerts, alert) {
  const others = alerts.filter((known) => known.id !== alert.id);
  return [...others, alert].sort((a, b) => b.id - a.id).slice(0, KEPT_ALERTS);
}

/** A snapshot, and over it what the stream told of alerts raised since.
 * @param {any[]} known @param {any[]} snapshot newest first */
export function withSnapshot(known, snapshot) {
  const newest = snapshot.length ? snapshot[0].id : 0;
  return [...known.filter((alert) => alert.id > newest), ...snapshot].slice(0, KEPT_ALERTS);
}

/** What is going on, newest first, then what is over. @param {any[]} alerts @param {number} now milliseconds */
export function inOrder(alerts, now) {
  const over = (alert) => alert.closed_at && now - Date.parse(alert.closed_at) > LINGERS_MS;
  return [...alerts.filter((alert) => !over(alert)), ...alerts.filter(over)];
}

/** @param {any} alert @returns {"closed" | "resolved" | "acknowledged" | "open"} */
export function handling(alert) {
  if (alert.closed_at) return "closed";
  if (alert.acknowledged_at) return "acknowledged";
  return alert.condition === "resolved" ? "resolved" : "open";
}

/** Worst open severity and ripples for each school: the map's snapshot with the live alerts over it.
 * @param {any} map @param {any[]} alerts @param {number} now milliseconds */
export function markers(map, alerts, now) {
  if (!map) return [];
  const recent = new Map();
  for (const alert of alerts) {
    const age = now - Date.parse(alert.raised_at);
    if (!alert.closed_at && !alert.acknowledged_at && age < NEW_FOR_MS) {
      const known = recent.get(alert.school);
      if (!known || LEVELS.indexOf(alert.severity) < LEVELS.indexOf(known)) {
        recent.set(alert.school, alert.severity);
      }
    }
  }
  return map.features.map((feature) => {
    const ripple = recent.get(feature.id) ?? null;
    const severity = worse(feature.properties.severity, ripple);
    return { ...feature.properties, code: feature.id, position: feature.geometry?.coordinates, severity, ripple };
  });
}

/** @param {string | null} a @param {string | null} b */
function worse(a, b) {
  if (!a || !b) return a ?? b;
  return LEVELS.indexOf(a) <= LEVELS.indexOf(b) ? a : b;
}

/** How far the data can be trusted. `waited`: seconds since the last answer.
 * @param {any} overview @param {number} waited @returns {"fresh" | "late" | "stale"} */
export function freshness(overview, waited) {
  if (!overview || waited > 60) return "stale";
  return waited > 20 || overview.lagging ? "late" : "fresh";
}
