/** @file The list behind a number: fetched when asked for, one page at a time, closed by Esc or by itself. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { getJson } from "../lib/api.js";

const CLOSES_AFTER_MS = 3 * 60_000;
const AT_ONCE = 50;

/** Which columns a list shows, by the end of its path; others show their plain fields. */
const COLUMNS = {
  alerts: ["severity", "title", "school", "zone", "raised_at", "count", "handling", "disposition"],
  transitions: ["number", "at", "change", "severity", "condition", "actor", "comment"],
  events: ["occurred_at", "school", "device", "zone", "kind", "phase", "value", "unit"],
  devices: ["school", "device", "name", "zone", "format", "condition", "last_seen_at"],
  schools: ["name", "township", "kind", "open_total", "alerts", "events", "devices_online", "devices"],
  cafeterias: ["name", "grade", "score", "letter", "annual_letter", "average", "visited_on"],
};
const SILENT = ["school_name", "device", "zone", "last_seen_at"];
const RESPONSE = ["hours", "ack_samples", "ack_median", "ack_p90", "close_samples", "close_median", "close_p90"];

/** @typedef {{rows: any[], columns: string[], next: string | null}} Listing */

/** @param {string} path @param {any} body @returns {Listing} */
function listing(path, body) {
  const noun = new URL(path, location.href).pathname.split("/").filter(Boolean).pop() ?? "";
  if (body.silent) return { rows: body.silent, columns: SILENT, next: null };
  if (body.windows) return { rows: body.windows.map(windowRow), columns: RESPONSE, next: null };
  const rows = body.items ?? body.history ?? [body];
  const columns = COLUMNS[noun] ?? Object.keys(rows[0] ?? {}).filter((key) => plain(rows[0][key])).slice(0, 8);
  const used = columns.filter((column) => rows.some((row) => known(row, column)));
  return { rows, columns: used, next: body.next ?? null };
}

const plain = (value) => value === null || typeof value !== "object";
const known = (row, column) =>
  column === "handling" || [column, `${column}_zh`].some((key) => row[key] !== undefined && row[key] !== null && row[key] !== "");

function windowRow({ hours, acknowledge, close }) {
  return {
    hours, ack_samples: acknowledge.samples, ack_median: acknowledge.median_seconds, ack_p90: acknowledge.p90_seconds,
    close_samples: close.samples, close_median: close.median_seconds, close_p90: close.p90_seconds,
  };
}

/** @param {any} row @param {string} column @param {any} words @param {(code: string) => string} schoolName */
function cell(row, column, words, schoolName) {
  const value = row[column];
  if (column === "title") return words.title(row);
  if (column === "zone") return words.zone(value);
  if (column === "school") return schoolName(value);
  if (column === "kind") return words.texts[`school.${value}`] ?? words.kind(value);
  if (column === "severity") return words.t(`severity.${value}`);
  if (column === "handling") return words.t(`state.${row.closed_at ? "closed" : row.acknowledged_at ? "acknowledged" : "open"}`);
  if (["condition", "change", "disposition"].includes(column) && value) return words.texts[`${column}.${value}`] ?? value;
  if (/_(median|p90)$/.test(column)) return words.duration(value).join(" ");
  if (row[`${column}_zh`] !== undefined) return words.name(row, column);
  if (/(_at|^at)$/.test(column) && value) return words.moment.format(new Date(value));
  return plain(value) ? value ?? "" : JSON.stringify(value);
}

/** @param {string} path */
function paged(path) {
  const address = new URL(path, location.href);
  if (!address.pathname.includes("/view/")) address.searchParams.set("limit", String(AT_ONCE));
  return address;
}

/** @param {{title: string, path: string, words: any, schoolName: (code: string) => string, close: () => void}} props */
export function Overlay({ title, path, words, schoolName, close }) {
  const [found, setFound] = useState(/** @type {Listing | null} */ (null));
  const [failure, setFailure] = useState("");
  const [cursor, setCursor] = useState("");
  const dialog = useRef(null);

  useEffect(() => {
    let wanted = true;
    const address = paged(path);
    if (cursor) address.searchParams.set("cursor", cursor);
    getJson(address.pathname + address.search)
      .then((body) => wanted && setFound(listing(path, body)))
      .catch((error) => wanted && setFailure(error.message || words.t("login.needed")));
    return () => { wanted = false; };
  }, [path, cursor]);

  useEffect(() => {
    const before = document.activeElement;
    dialog.current.focus();
    const key = (event) => event.key === "Escape" && close();
    const timer = setTimeout(close, CLOSES_AFTER_MS);
    document.addEventListener("keydown", key);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("keydown", key);
      before?.focus?.({ preventScroll: true });
    };
  }, []);

  return html`<div class="veil" onClick=${(event) => event.target === event.currentTarget && close()}>
    <section class="overlay" role="dialog" aria-modal="true" aria-label=${title} tabindex="-1" ref=${dialog}>
      <header><h2>${title}</h2><code>${path}</code><button onClick=${close} aria-label=${words.t("close")}>✕</button></header>
      ${failure && html`<p class="nothing">${failure}</p>`}
      ${!failure && !found && html`<p class="nothing">${words.t("waiting")}</p>`}
      ${found && !found.rows.length && html`<p class="nothing">${words.t("list.empty")}</p>`}
      ${found && found.rows.length > 0 && html`<div class="table"><table>
        <thead><tr>${found.columns.map((column) => html`<th key=${column}>${words.texts[`column.${column}`] ?? column}</th>`)}</tr></thead>
        <tbody>${found.rows.map((row, index) => html`<tr key=${row.id ?? row.number ?? index} class=${row.severity ? `row-${row.severity}` : ""}>
          ${found.columns.map((column) => html`<td key=${column}>${cell(row, column, words, schoolName)}</td>`)}
        </tr>`)}</tbody>
      </table></div>`}
      <footer>
        ${cursor && html`<button onClick=${() => setCursor("")}>${words.t("list.first")}</button>`}
        ${found?.next && html`<button onClick=${() => setCursor(found.next)}>${words.t("list.next")}</button>`}
      </footer>
    </section>
  </div>`;
}
