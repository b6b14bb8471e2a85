/** @file The alert in hand: what is known, what can be done, what was done. */
import { html } from "../lib/dom.js";
import { API } from "../lib/api.js";
import { Mark } from "../screen/marks.js";
import { Actions } from "./actions.js";
import { Device } from "./device.js";
import { History } from "./history.js";
import { HeldBack, stateText } from "./marks.js";
import { Picture } from "./picture.js";
import { useReading } from "./reading.js";
import { Suppressed, Told, Why } from "./why.js";

/** @param {any} props */
export function Detail({ alert, words, schools, silences, now, timezone, mayHandle, busy, trouble, form, setForm, does, choose, back, signedOut }) {
  const { body: explained } = useReading(`${API}/alerts/${alert.id}`, alert, signedOut);
  const why = explained?.why;
  return html`<article class="detail">
    <button type="button" class="back" onClick=${back}>← ${words.t("desk.back")}</button>
    <header class="detail-head detail-${alert.severity}">
      <${Mark} severity=${alert.severity} size=${44} />
      <div><h2>${words.title(alert)}</h2>
        <p class="chips"><span class="chip chip-${alert.severity}">${words.t(`severity.${alert.severity}`)}</span>
          <span class="chip" data-state>${stateText(alert, words)}</span>
          ${alert.condition === "firing" && html`<span class="chip chip-firing">${words.t("condition.firing")}</span>`}
          <${HeldBack} alert=${alert} words=${words} />
          <span class="muted">${words.age((now - Date.parse(alert.raised_at)) / 1000)}</span></p></div>
    </header>
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    ${mayHandle ? html`<${Actions} alert=${alert} words=${words} now=${now} timezone=${timezone} busy=${busy} form=${form} setForm=${setForm} does=${does} />`
      : html`<p class="muted">${words.t("desk.read_only")}</p>`}
    <div class="two">
      <div class="one-side">
        <${Why} why=${why} words=${words} />
        <${Suppressed} alert=${alert} silences=${silences} words=${words} mayHandle=${mayHandle} busy=${busy} endSilence=${does.endSilence} signedOut=${signedOut} />
        <${Facts} alert=${alert} words=${words} school=${schools.get(alert.school)} />
        <section><h3>${words.t("desk.history")}</h3><${History} alert=${alert} words=${words} signedOut=${signedOut} /></section>
      </div>
      <div class="one-side">
        <${Picture} alert=${alert} words=${words} />
        ${alert.device && html`<section><h3>${words.t("desk.device")}</h3>
          <${Device} key=${`${alert.school}/${alert.device}`} alert=${alert} words=${words} now=${now} choose=${choose} signedOut=${signedOut} /></section>`}
        <section><h3>${words.t("desk.told")}</h3><${Told} why=${why} words=${words} /></section>
      </div>
    </div>
  </article>`;
}

function Facts({ alert, words, school }) {
  const moment = (time) => time && words.moment.format(new Date(time));
  const facts = [
    ["desk.school", [words.name(school), alert.school].filter(Boolean).join(" · ")],
    ["desk.zone", words.zone(alert.zone)],
    ["desk.kind", words.kind(alert.kind)],
    ["desk.rule", alert.rule],
    ["desk.raised_at", moment(alert.raised_at)],
    ["desk.last_seen_at", moment(alert.last_seen_at)],
    ["desk.resolved_at", moment(alert.resolved_at)],
    ["desk.times", alert.count],
    ["desk.assignee", alert.assignee],
  ];
  return html`<dl class="facts">
    ${facts.filter(([, value]) => value).map(([key, value]) => html`<div key=${key}><dt>${words.t(key)}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}
