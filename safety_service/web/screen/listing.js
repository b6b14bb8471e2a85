/** @file How the answers of the API become tables: columns, cells, and what is behind a row. No network. */
const API = "/api/v1";

/** Which columns a list shows, by the end of its path; others show their plain fields. */
const COLUMNS = {
  alerts: ["severity", "title", "school", "zone", "raised_at", "count", "handling", "disposition", "suppressed_by"],
  transitions: ["number", "at", "change", "severity", "condition", "actor", "comment"],
  events: ["occurred_at", "school", "device", "zone", "kind", "phase", "value", "unit"],
  devices: ["school", "device", "name", "zone", "format", "condition", "last_seen_at"],
  schools: ["name", "township", "kind", "open_total", "alerts", "events", "devices_online", "devices"],
  cafeterias: ["name", "grade", "score", "letter", "annual_letter", "average", "visited_on"],
  rectifications: ["due_on", "what", "school", "owner", "status", "item", "opened_at", "reason"],
  due: ["due_at", "what", "school", "cafeteria", "state"],
};
const SILENT = ["school_name", "device", "zone", "last_seen_at"];
const RESPONSE = ["hours", "ack_samples", "ack_median", "ack_p90", "close_samples", "close_median", "close_p90"];
const CREDIT = ["listed", "name", "average", "score", "visited_on", "reasons"];
const STEPS = ["at", "action", "by", "status", "comment"];

/** @typedef {{noun: string, rows: any[], columns: string[], next: string | null}} Listing */

/** @param {string} path @param {any} body @returns {Listing} */
export function listing(path, body) {
  const noun = path.split("?")[0].split("/").filter(Boolean).pop() ?? "";
  if (body.silent) return { noun, rows: body.silent, columns: SILENT, next: null };
  if (body.red && body.black && !body.items) return { noun, rows: bothLists(body), columns: CREDIT, next: null };
  if (body.windows) return { noun, rows: body.windows.map(windowRow), columns: RESPONSE, next: null };
  const rows = body.items ?? body.history ?? [body];
  const steps = body.history?.[0]?.action;
  const columns = COLUMNS[noun] ?? (steps ? STEPS : Object.keys(rows[0] ?? {}).filter((key) => plain(rows[0][key])).slice(0, 8));
  const used = columns.filter((column) => rows.some((row) => known(row, column)));
  return { noun, rows, columns: used, next: body.next ?? null };
}

const plain = (value) => value === null || typeof value !== "object";
const known = (row, column) =>
  column === "handling" || (column === "what" && row.title) || [column, `${column}_zh`].some((key) => row[key] !== undefined && row[key] !== null && row[key] !== "");

/** The red list and below it the black one. */
function bothLists({ red, black }) {
  return [["red", red], ["black", black]].flatMap(([listed, items]) => items.map((item) => ({ ...item, listed, id: `${listed} ${item.id}` })));
}

function windowRow({ hours, acknowledge, close }) {
  return {
    hours, ack_samples: acknowledge.samples, ack_median: acknowledge.median_seconds, ack_p90: acknowledge.p90_seconds,
    close_samples: close.samples, close_median: close.median_seconds, close_p90: close.p90_seconds,
  };
}

/** The list behind a row, or "". @param {string} noun @param {any} row @returns {string} */
export function targetOf(noun, row) {
  if (row.list) return row.list;
  if (noun === "alerts") return `${API}/alerts/${row.id}/transitions`;
  if (noun === "rectifications") return `${API}/rectifications/${row.id}`;
  if (noun === "cafeterias") return `${API}/cafeterias/${encodeURIComponent(row.id)}/credit`;
  if (noun === "devices") return `${API}/events?${new URLSearchParams({ school: row.school, device: row.device })}`;
  return "";
}

/** What must be translated by the name of its column. */
const CODES = ["condition", "change", "disposition", "status", "state", "action"];

/** @param {any} row @param {string} column @param {any} words @param {(code: string) => string} schoolName */
export function cell(row, column, words, schoolName) {
  const value = row[column];
  if (column === "title" || column === "what") return words.title(row);
  if (column === "zone") return words.zone(value);
  if (column === "school") return schoolName(value);
  if (column === "kind") return words.texts[`school.${value}`] ?? words.kind(value);
  if (column === "severity") return words.t(`severity.${value}`);
  if (column === "handling") return words.t(`state.${row.closed_at ? "closed" : row.acknowledged_at ? "acknowledged" : "open"}`);
  if (column === "listed") return words.t(`cafeterias.${value}`);
  if (column === "reasons") return (value ?? []).map((reason) => reason[words.language]).join(" · ");
  if (column === "suppressed_by") return value ? words.suppressed(value) : "";
  if (CODES.includes(column) && value) return coded(row, column, words);
  if (/_(median|p90)$/.test(column)) return words.duration(value).join(" ");
  if (row[`${column}_zh`] !== undefined) return words.name(row, column);
  if (/(_at|^at)$/.test(column) && value) return words.moment.format(new Date(value));
  return plain(value) ? value ?? "" : JSON.stringify(value);
}

/** A code in words; of a device and of an alert `condition` says different things. */
function coded(row, column, words) {
  const value = row[column];
  const names = {
    condition: [`condition.${value}`, `device.${value}`],
    state: [row.overdue ? "duty.overdue" : `duty.${value}`],
    status: [`rectification.${value}`], action: [`rectification_step.${value}`],
  }[column] ?? [`${column}.${value}`];
  return names.map((name) => words.texts[name]).find(Boolean) ?? value;
}
