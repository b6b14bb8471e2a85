/** @file The queue as rows: worst and longest waiting first. */
import { html, useEffect, useRef } from "../lib/dom.js";
import { Mark } from "../screen/marks.js";
import { handling } from "../screen/state.js";
import { HeldBack, stateText } from "./marks.js";

/** Rows drawn at once; who has more than that open filters by school. */
const DRAWN = 300;

/** @param {{queue: any, alerts: any[], chosen: number, choose: (alert: any) => void, schools: Map<string, any>, words: any,
 *   now: number, acknowledge: ((alert: any) => void) | null, busy: boolean, closed: boolean}} props */
export function List({ queue, alerts, chosen, choose, schools, words, now, acknowledge, busy, closed }) {
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { row.current?.scrollIntoView({ block: "nearest" }); }, [chosen]);
  if (queue.asOf && !alerts.length) {
    return html`<p class="nothing">${words.t(closed || queue.alerts.length ? "list.empty" : "desk.none")}</p>`;
  }
  return html`<ol class="queue">
    ${alerts.slice(0, DRAWN).map((alert) => {
      const here = alert.id === chosen;
      const state = handling(alert);
      return html`<li key=${alert.id} class="row row-${alert.severity} is-${state}" data-alert=${alert.id}
        aria-current=${here ? "true" : undefined} ref=${here ? row : undefined}>
        <button type="button" class="row-open" onClick=${() => choose(alert)}>
          <${Mark} severity=${alert.severity} size=${28} />
          <span class="row-text">
            <span class="row-title"><b>${words.title(alert)}</b>${alert.count > 1 && html`<em>×${words.n(alert.count)}</em>`}</span>
            <span class="row-where">${words.name(schools.get(alert.school)) || alert.school} · ${words.zone(alert.zone) || alert.device || "–"}</span>
            <span class="row-state"><time datetime=${alert.raised_at}>${words.age((now - Date.parse(alert.raised_at)) / 1000)}</time>
              <span class="state">${stateText(alert, words)}</span><${HeldBack} alert=${alert} words=${words} /></span>
          </span>
        </button>
        ${acknowledge && !alert.closed_at && !alert.acknowledged_at && html`<button type="button" class="row-claim" disabled=${busy}
          onClick=${() => acknowledge(alert)}>${words.t("desk.acknowledge")}</button>`}
      </li>`;
    })}
    ${alerts.length > DRAWN && html`<li class="muted rest">${words.t("desk.drawn", { n: DRAWN })}</li>`}
  </ol>`;
}
