/** @file The queue as rows: worst and longest waiting first. */
import { html, useEffect, useRef } from "../lib/dom.js";
import { Mark } from "../screen/marks.js";
import { handling } from "../screen/state.js";

/** Rows drawn at once; who has more than that open filters by school. */
const DRAWN = 300;

/** @param {{queue: any, chosen: any, choose: (alert: any) => void, schools: Map<string, any>, words: any, now: number,
 *   acknowledge: ((alert: any) => void) | null, busy: boolean, closed: boolean}} props */
export function List({ queue, chosen, choose, schools, words, now, acknowledge, busy, closed }) {
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { row.current?.scrollIntoView({ block: "nearest" }); }, [chosen?.id]);
  if (queue.asOf && !queue.alerts.length) return html`<p class="waiting">${words.t(closed ? "list.empty" : "desk.none")}</p>`;
  return html`<ol class="queue">
    ${queue.alerts.slice(0, DRAWN).map((alert) => {
      const here = alert.id === chosen?.id;
      const state = handling(alert);
      return html`<li key=${alert.id} class="row is-${state}" data-alert=${alert.id} aria-current=${here ? "true" : undefined}
        ref=${here ? row : undefined}>
        <button type="button" class="row-open" onClick=${() => choose(alert)}>
          <${Mark} severity=${alert.severity} size=${26} />
          <span class="row-text">
            <b>${words.title(alert)}</b>
            <small>${words.name(schools.get(alert.school)) || alert.school} · ${words.zone(alert.zone) || alert.device || "–"}</small>
            <small>${words.age((now - Date.parse(alert.raised_at)) / 1000)} · ${stateText(alert, state, words)}${alert.count > 1 ? ` · ×${alert.count}` : ""}</small>
          </span>
        </button>
        ${acknowledge && !alert.closed_at && !alert.acknowledged_at && html`<button type="button" class="row-claim" disabled=${busy}
          onClick=${() => acknowledge(alert)}>${words.t("desk.acknowledge")}</button>`}
      </li>`;
    })}
    ${queue.alerts.length > DRAWN && html`<li class="muted rest">${words.t("desk.drawn", { n: DRAWN })}</li>`}
  </ol>`;
}

/** @param {any} alert @param {string} state @param {any} words */
export function stateText(alert, state, words) {
  if (state === "acknowledged") return words.t("state.acknowledged_by", { name: alert.acknowledged_by });
  if (state === "closed" && alert.disposition) return `${words.t("state.closed")} · ${words.t(`disposition.${alert.disposition}`)}`;
  return words.t(`state.${state}`);
}
