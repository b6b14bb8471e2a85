/** @file The alert in hand: what is known, what can be done, what was done. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { Mark } from "../screen/marks.js";
import { handling } from "../screen/state.js";
import { History } from "./history.js";
import { stateText } from "./list.js";
import { Picture } from "./picture.js";
import { DISPOSITIONS } from "./queue.js";

/** @param {any} props */
export function Detail({ alert, words, schools, now, mayHandle, busy, trouble, closing, setClosing, carryOut, back, signedOut }) {
  const state = handling(alert);
  return html`<article class="detail">
    <button type="button" class="back" onClick=${back}>← ${words.t("desk.back")}</button>
    <h2><${Mark} severity=${alert.severity} size=${30} />${words.title(alert)}</h2>
    <p class="muted">${words.t(`severity.${alert.severity}`)} · ${stateText(alert, state, words)} · ${words.age((now - Date.parse(alert.raised_at)) / 1000)}</p>
    <${Facts} alert=${alert} words=${words} school=${schools.get(alert.school)} />
    <${Picture} alert=${alert} words=${words} />
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    ${mayHandle ? html`<${Actions} alert=${alert} words=${words} busy=${busy} closing=${closing} setClosing=${setClosing} carryOut=${carryOut} />`
      : html`<p class="muted">${words.t("desk.read_only")}</p>`}
    <h3>${words.t("desk.history")}</h3>
    <${History} alert=${alert} words=${words} signedOut=${signedOut} />
  </article>`;
}

function Facts({ alert, words, school }) {
  const moment = (time) => time && words.moment.format(new Date(time));
  const facts = [
    ["desk.school", [words.name(school), alert.school].filter(Boolean).join(" · ")],
    ["desk.zone", words.zone(alert.zone)],
    ["desk.device", alert.device],
    ["desk.kind", words.kind(alert.kind)],
    ["desk.rule", alert.rule],
    ["desk.raised_at", moment(alert.raised_at)],
    ["desk.last_seen_at", moment(alert.last_seen_at)],
    ["desk.resolved_at", moment(alert.resolved_at)],
    ["desk.times", alert.count],
  ];
  return html`<dl class="facts">
    ${facts.filter(([, value]) => value).map(([key, value]) => html`<div key=${key}><dt>${words.t(key)}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

function Actions({ alert, words, busy, closing, setClosing, carryOut }) {
  const [remark, setRemark] = useState("");
  const say = async (event) => {
    event.preventDefault();
    if (await carryOut(alert, "comment", { comment: remark.trim() })) setRemark("");
  };
  return html`<div class="actions">
    <div class="buttons">
      ${!alert.closed_at && !alert.acknowledged_at && html`<button type="button" class="main" data-do="acknowledge" disabled=${busy}
        onClick=${() => carryOut(alert, "acknowledge")}>${words.t("desk.acknowledge")} <kbd>a</kbd></button>`}
      ${!alert.closed_at && html`<button type="button" data-do="close" aria-expanded=${closing} disabled=${busy}
        onClick=${() => setClosing(!closing)}>${words.t("desk.close")} <kbd>c</kbd></button>`}
      ${alert.closed_at && html`<button type="button" data-do="reopen" disabled=${busy}
        onClick=${() => carryOut(alert, "reopen")}>${words.t("desk.reopen")}</button>`}
    </div>
    ${closing && !alert.closed_at && html`<${Closing} alert=${alert} words=${words} busy=${busy} carryOut=${carryOut} leave=${() => setClosing(false)} />`}
    <form class="remark" onSubmit=${say}>
      <input name="remark" maxlength="4000" value=${remark} placeholder=${words.t("desk.comment_hint")} aria-label=${words.t("desk.comment")}
        onInput=${(event) => setRemark(event.target.value)} />
      <button data-do="comment" disabled=${busy || !remark.trim()}>${words.t("desk.comment")}</button>
    </form>
  </div>`;
}

function Closing({ alert, words, busy, carryOut, leave }) {
  const first = useRef(/** @type {HTMLSelectElement | null} */ (null));
  useEffect(() => first.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const comment = String(form.get("comment")).trim();
    carryOut(alert, "close", { disposition: form.get("disposition"), ...(comment && { comment }) });
  };
  return html`<form class="closing" onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && leave()}>
    <label>${words.t("desk.disposition")}
      <select name="disposition" required ref=${first}>
        <option value="">${words.t("desk.disposition_hint")}</option>
        ${DISPOSITIONS.map((one) => html`<option key=${one} value=${one}>${words.t(`disposition.${one}`)}</option>`)}
      </select></label>
    <label>${words.t("desk.comment")}<textarea name="comment" rows="2" maxlength="4000"></textarea></label>
    <div class="buttons"><button class="main" data-do="close-now" disabled=${busy}>${words.t("desk.close_now")}</button>
      <button type="button" onClick=${leave}>${words.t("desk.cancel")}</button></div>
  </form>`;
}
