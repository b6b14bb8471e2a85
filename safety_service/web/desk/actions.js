/** @file What can be done with an alert: one press each, at the thumb on a phone. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { Closing } from "./closing.js";
import { Silence } from "./silence.js";

/** @param {any} props `form`: "close", "silence" or "" */
export function Actions({ alert, words, now, timezone, busy, form, setForm, does }) {
  const [remark, setRemark] = useState("");
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { if (form) box.current?.scrollIntoView({ block: "nearest" }); }, [form]);
  const say = async (event) => {
    event.preventDefault();
    if (await does.carryOut(alert, "comment", { comment: remark.trim() })) setRemark("");
  };
  const open = !alert.closed_at;
  const toggle = (name) => setForm(form === name ? "" : name);
  return html`<div class="actions">
    <div class="buttons bar">
      ${open && !alert.acknowledged_at && html`<button type="button" class="main" data-do="acknowledge" disabled=${busy}
        onClick=${() => does.carryOut(alert, "acknowledge")}>${words.t("desk.acknowledge")} <kbd>a</kbd></button>`}
      ${open && html`<button type="button" class=${alert.acknowledged_at ? "main" : ""} data-do="close" aria-expanded=${form === "close"} disabled=${busy}
        onClick=${() => toggle("close")}>${words.t("desk.close")} <kbd>c</kbd></button>`}
      ${open && html`<button type="button" data-do="silence" aria-expanded=${form === "silence"} disabled=${busy}
        onClick=${() => toggle("silence")}>${words.t("desk.silence")} <kbd>s</kbd></button>`}
      ${!open && html`<button type="button" data-do="reopen" disabled=${busy}
        onClick=${() => does.carryOut(alert, "reopen")}>${words.t("desk.reopen")}</button>`}
    </div>
    ${form && open && html`<div ref=${box}>
      ${form === "close" && html`<${Closing} key=${alert.id} alert=${alert} words=${words} busy=${busy} carryOut=${does.carryOut} leave=${() => setForm("")} />`}
      ${form === "silence" && html`<${Silence} key=${alert.id} alert=${alert} words=${words} now=${now} timezone=${timezone} busy=${busy}
        silence=${does.silence} leave=${() => setForm("")} />`}
    </div>`}
    <form class="remark" onSubmit=${say}>
      <input name="remark" maxlength="4000" value=${remark} placeholder=${words.t("desk.comment_hint")} aria-label=${words.t("desk.comment")}
        onInput=${(event) => setRemark(event.target.value)} />
      <button data-do="comment" disabled=${busy || !remark.trim()}>${words.t("desk.comment")}</button>
    </form>
  </div>`;
}
