/** @file Closing an alert: what it turned out to be, in words, and what shows it. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { isWebAddress } from "./history.js";
import { DISPOSITIONS } from "./queue.js";

const MOST_EVIDENCE = 20;

/** What a digit says while the form is open. @param {number} place from 0 */
export function pick(place) {
  const radio = document.querySelector(`[data-form=close] [value=${DISPOSITIONS[place]}]`);
  /** @type {any} */ (radio)?.click();
  /** @type {any} */ (radio)?.focus();
}

/** @param {{alert: any, words: any, busy: boolean, carryOut: Function, leave: () => void}} props */
export function Closing({ alert, words, busy, carryOut, leave }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [evidence, setEvidence] = useState([""]);
  const picture = isWebAddress(alert.snapshot_url) ? alert.snapshot_url : null;
  useEffect(() => /** @type {any} */ (form.current?.elements.namedItem("disposition"))?.[0]?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const comment = String(given.get("comment")).trim();
    const shown = [...given.getAll("picture"), ...evidence].map((one) => String(one).trim()).filter(Boolean);
    carryOut(alert, "close", {
      disposition: given.get("disposition"), ...(comment && { comment }), ...(shown.length && { evidence: shown.slice(0, MOST_EVIDENCE) }),
    });
  };
  const change = (place, text) => setEvidence(evidence.map((one, index) => (index === place ? text : one)));
  return html`<form class="sheet-form" data-form="close" ref=${form} onSubmit=${submit}>
    <fieldset class="picks"><legend>${words.t("desk.disposition")}</legend>
      ${DISPOSITIONS.map((one, index) => html`<label key=${one} class="pick"><input type="radio" name="disposition" value=${one} required />
        <span><kbd>${index + 1}</kbd>${words.t(`disposition.${one}`)}</span></label>`)}
    </fieldset>
    <label>${words.t("desk.comment")}<textarea name="comment" rows="2" maxlength="4000" placeholder=${words.t("desk.comment_hint")}></textarea></label>
    <fieldset class="proofs"><legend>${words.t("desk.evidence")}</legend>
      ${picture && html`<label class="check"><input type="checkbox" name="picture" value=${picture} checked />${words.t("desk.evidence_picture")}</label>`}
      ${evidence.map((text, place) => html`<input key=${place} type="text" name="evidence" value=${text} maxlength="1000"
        placeholder=${words.t("desk.evidence_hint")} aria-label=${words.t("desk.evidence")} onInput=${(event) => change(place, event.target.value)} />`)}
      ${evidence.at(-1)?.trim() && evidence.length < MOST_EVIDENCE && html`<button type="button" class="quiet"
        onClick=${() => setEvidence([...evidence, ""])}>+ ${words.t("desk.evidence_more")}</button>`}
    </fieldset>
    <div class="buttons"><button class="main" data-do="close-now" disabled=${busy}>${words.t("desk.close_now")}</button>
      <button type="button" onClick=${leave}>${words.t("desk.cancel")}</button></div>
  </form>`;
}
