/** @file The list behind a number: fetched when asked for, one page at a time, closed by Esc or by itself. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { getJson } from "../lib/api.js";
import { cell, listing, targetOf } from "./listing.js";

const CLOSES_AFTER_MS = 3 * 60_000;
const AT_ONCE = 50;

/** @param {string} path */
function paged(path) {
  const address = new URL(path, location.href);
  if (!/\/view\/|\/rectifications\/\d/.test(address.pathname)) address.searchParams.set("limit", String(AT_ONCE));
  return address;
}

/** @param {{title: string, path: string, words: any, schoolName: (code: string) => string, open: Function, close: () => void,
 *   back: (() => void) | null}} props `open`: another list in the place of this one; `back`: to the one before */
export function Overlay({ title, path, words, schoolName, open, close, back }) {
  const [found, setFound] = useState(/** @type {import("./listing.js").Listing | null} */ (null));
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

  const alert = /\/alerts\/(\d+)\/transitions/.exec(path)?.[1];
  return html`<div class="veil" onClick=${(event) => event.target === event.currentTarget && close()}>
    <section class="overlay" role="dialog" aria-modal="true" aria-label=${title} tabindex="-1" ref=${dialog}>
      <header>${back && html`<button onClick=${back} aria-label=${words.t("list.back")}>←</button>`}<h2>${title}</h2><code>${path}</code>
        ${alert && html`<a class="to-desk" href=${`/desk?alert=${alert}`} target="_blank" rel="noopener">${words.t("list.desk")}</a>`}
        <button onClick=${close} aria-label=${words.t("close")}>✕</button></header>
      ${failure && html`<p class="nothing">${failure}</p>`}
      ${!failure && !found && html`<p class="nothing">${words.t("waiting")}</p>`}
      ${found && !found.rows.length && html`<p class="nothing">${words.t("list.empty")}</p>`}
      ${found && found.rows.length > 0 && html`<div class="table"><table>
        <thead><tr>${found.columns.map((column) => html`<th key=${column}>${words.texts[`column.${column}`] ?? column}</th>`)}</tr></thead>
        <tbody>${found.rows.map((row, index) => html`<${Row} key=${row.id ?? row.number ?? index} row=${row} found=${found} words=${words}
          schoolName=${schoolName} open=${open} />`)}</tbody>
      </table></div>`}
      <footer>
        ${cursor && html`<button onClick=${() => setCursor("")}>${words.t("list.first")}</button>`}
        ${found?.next && html`<button onClick=${() => setCursor(found.next)}>${words.t("list.next")}</button>`}
      </footer>
    </section>
  </div>`;
}

/** A row that has something behind it opens that, by pointer and by keyboard. */
function Row({ row, found, words, schoolName, open }) {
  const target = targetOf(found.noun, row);
  const name = target && (row.title ? words.title(row) : words.name(row) || row.name || row.device || "");
  const go = (event) => {
    event.preventDefault();
    open(name, target);
  };
  return html`<tr class="${row.severity ? `row-${row.severity}` : ""} ${target ? "leads-on" : ""} ${row.overdue ? "row-major" : ""}" onClick=${target && go}>
    ${found.columns.map((column, index) => {
      const text = cell(row, column, words, schoolName);
      return html`<td key=${column}>${target && index === 0 ? html`<a href=${target} onClick=${go}>${text}</a>` : text}</td>`;
    })}
  </tr>`;
}
