/** @file The sides: live alerts, kinds, schools. Bounded lists; they scroll by themselves until looked at. */
import { html, useEffect, useRef } from "../lib/dom.js";
import { Opens } from "./figures.js";
import { Mark } from "./marks.js";
import { LEVELS, handling, inOrder } from "./state.js";

const STEP_MS = 3500;

/** Scrolls one row at a time and starts over at the end; stops under the pointer and for who wants less motion.
 * @param {{children: any, still: boolean, top: any, name: string}} props `top` changes: back to the top */
export function Scroller({ children, still, top, name }) {
  const box = useRef(null);
  const held = useRef(false);
  useEffect(() => {
    box.current.scrollTop = 0;
  }, [top]);
  useEffect(() => {
    if (still) return undefined;
    const timer = setInterval(() => {
      const list = box.current;
      if (held.current || list.scrollHeight <= list.clientHeight + 4) return;
      const step = list.firstElementChild?.offsetHeight ?? 60;
      const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
      list.scrollTo({ top: atEnd ? 0 : list.scrollTop + step, behavior: "smooth" });
    }, STEP_MS);
    return () => clearInterval(timer);
  }, [still]);
  const hold = (value) => () => { held.current = value; };
  return html`<ol class="scroller ${name}" ref=${box} tabindex="0"
    onMouseEnter=${hold(true)} onMouseLeave=${hold(false)} onFocusIn=${hold(true)} onFocusOut=${hold(false)}>
    ${children}
  </ol>`;
}

/** @param {{alerts: any[], words: any, now: number, still: boolean, open: Function}} props */
export function LiveAlerts({ alerts, words, now, still, open }) {
  if (!alerts.length) return html`<p class="nothing">${words.t("alerts.none")}</p>`;
  return html`<${Scroller} name="alerts" still=${still} top=${alerts[0].id}>
    ${inOrder(alerts, now).map((alert) => html`<${AlertLine} key=${alert.id} alert=${alert} words=${words} now=${now} open=${open} />`)}
  <//>`;
}

function AlertLine({ alert, words, now, open }) {
  const state = handling(alert);
  const seconds = Math.max(0, (now - Date.parse(alert.raised_at)) / 1000);
  const where = [words.name(alert, "school_name") || alert.school, words.zone(alert.zone) || alert.device].filter(Boolean);
  const held = alert.closed_at ? null : alert.suppressed_by;
  const label = `${words.title(alert)} · ${words.name(alert, "school_name")}`;
  const done = state === "acknowledged" && alert.acknowledged_by
    ? words.t("state.acknowledged_by", { name: alert.acknowledged_by }) : words.t(`state.${state}`);
  return html`<li class="alert alert-${alert.severity} is-${state} ${seconds < 60 && state === "open" ? "is-new" : ""}"
    data-alert=${alert.id} data-kind=${alert.kind}>
    <${Opens} list=${`/api/v1/alerts/${alert.id}/transitions`} label=${label} open=${open}>
      <${Mark} severity=${alert.severity} size=${30} />
      <span class="alert-text">
        <span class="alert-title">${words.title(alert)}${alert.count > 1 && html`<em>×${words.n(alert.count)}</em>`}${held && html`<i title=${words.suppressed(held)}>${words.held(held)}</i>`}</span>
        <span class="alert-where">${where.join(" · ")}</span>
      </span>
      <span class="alert-side">
        <time datetime=${alert.raised_at}>${words.age(seconds)}</time>
        <span class="state">${done}</span>
      </span>
    <//>
  </li>`;
}

/** @param {{kinds: any, words: any, open: Function}} props */
export function KindRanking({ kinds, words, open }) {
  const items = kinds?.items.filter((item) => item.alerts) ?? [];
  if (!items.length) return html`<p class="nothing">${words.t("kinds.none")}</p>`;
  const most = Math.max(...items.map((item) => item.alerts));
  return html`<ol class="bars">
    ${items.slice(0, 7).map((item, place) => html`<li key=${item.kind}>
      <${Opens} list=${item.list} label=${words.kind(item.kind)} open=${open}>
        <span class="place">${place + 1}</span>
        <span class="bar-name">${words.kind(item.kind)}</span>
        <span class="bar"><i style=${{ width: `${Math.max(2, (item.alerts / most) * 100)}%` }}></i></span>
        <b>${words.n(item.alerts)}</b>
      <//>
    </li>`)}
  </ol>`;
}

/** @param {{schools: any, words: any, open: Function}} props */
export function TopSchools({ schools, words, open }) {
  const items = schools?.items.filter((item) => item.open_total || item.alerts) ?? [];
  if (!items.length) return html`<p class="nothing">${words.t("schools.none")}</p>`;
  return html`<ol class="schools">
    ${items.slice(0, 7).map((item, place) => html`<li key=${item.code} class="school-line">
      <${Opens} list=${item.list} label=${words.name(item)} open=${open} class="school-main">
        <span class="place">${place + 1}</span><span class="school-name"><b>${words.name(item)}</b><small>${words.name(item, "township")}</small></span>
      <//>
      <span class="school-open">
        ${LEVELS.filter((level) => item.open[level]).map((level) => html`<${Opens} key=${level} class="pill pill-${level}" open=${open}
          list=${`/api/v1/alerts?open=true&severity=${level}&school=${encodeURIComponent(item.code)}`} label=${`${words.name(item)} · ${words.t(`severity.${level}`)}`}>
          <${Mark} severity=${level} size=${17} />${words.n(item.open[level])}
        <//>`)}
      </span>
      <${Opens} list=${item.list} label=${words.name(item)} open=${open} class="school-alerts">${words.n(item.alerts)}<//>
    </li>`)}
  </ol>`;
}
