/** @file What is listed: severity, school, words, open or closed; and how live the list is. */
import { html } from "../lib/dom.js";
import { Mark } from "../screen/marks.js";
import { LEVELS } from "./queue.js";

/** @param {{filters: any, change: (filters: any) => void, schools: Map<string, any>, words: any, queue: any, count: number}} props */
export function Filter({ filters, change, schools, words, queue, count }) {
  const toggle = (level) => {
    const severities = LEVELS.filter((one) => (one === level) !== filters.severities.includes(one));
    change({ ...filters, severities });
  };
  const show = filters.closed ? "closed" : filters.waiting ? "waiting" : "open";
  return html`<div class="filter">
    <div class="levels" role="group" aria-label=${words.t("desk.severity")}>
      ${LEVELS.map((level) => html`<button key=${level} type="button" data-level=${level} aria-pressed=${filters.severities.includes(level)}
        onClick=${() => toggle(level)}><${Mark} severity=${level} size=${18} />${words.t(`severity.${level}`)}</button>`)}
    </div>
    <div class="choices">
      <select aria-label=${words.t("desk.school")} name="school" value=${filters.school}
        onChange=${(event) => change({ ...filters, school: event.target.value })}>
        <option value="">${words.t("desk.all_schools")}</option>
        ${filters.school && !schools.has(filters.school) && html`<option value=${filters.school}>${filters.school}</option>`}
        ${[...schools.values()].map((school) => html`<option key=${school.code} value=${school.code}>${words.name(school)}</option>`)}
      </select>
      <select aria-label=${words.t("desk.show")} name="open" value=${show}
        onChange=${({ target: { value } }) => change({ ...filters, closed: value === "closed", waiting: value === "waiting" })}>
        ${["open", "waiting", "closed"].map((one) => html`<option key=${one} value=${one}>${words.t(`desk.show_${one}`)}</option>`)}
      </select>
    </div>
    <input type="search" name="q" value=${filters.words} placeholder=${words.t("desk.search")} aria-label=${words.t("desk.search")}
      maxlength="100" onInput=${(event) => change({ ...filters, words: event.target.value })} />
    <p class="count" aria-live="polite">
      <span>${queue.asOf ? words.t("desk.count", { n: count }) : words.t("waiting")}</span>
      <span class=${queue.live ? "live" : "polled"}>${words.t(queue.live ? "live" : "polling")}</span>
    </p>
    ${queue.more && html`<p class="muted">${words.t("desk.more")}</p>`}
    ${queue.trouble && html`<p class="trouble">${words.t("desk.unread", { why: queue.trouble })}</p>`}
  </div>`;
}
