/** @file Before it goes: what the visit comes to, and what a careful inspector would not leave open. */
import { html, useEffect, useRef } from "../lib/dom.js";
import { Face } from "../lib/face.js";

/** @param {any} props */
export function Finish({ visit, open, score, words, send, back, goTo }) {
  const sheet = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    sheet.current.showModal();
    return () => sheet.current?.close();
  }, []);
  const failed = Object.values(visit.answers).filter(({ result }) => result === "fail").length;
  const missing = ["owner", "due", "photos"].filter((field) => open[field].length);
  return html`<dialog class="finish" ref=${sheet} aria-labelledby="finish-title" onCancel=${(event) => { event.preventDefault(); back(); }}>
    <h2 id="finish-title">${words.t("inspect.finish")}</h2>
    ${score && html`<div class="grade grade-${score.band?.letter ?? "none"}"><${Face} icon=${score.band?.icon} size=${72} />
      <div><b>${score.band?.labels[words.language] ?? words.t("cafeterias.no_grade")}</b><span>${words.t("inspect.score", { score: score.value ?? "–" })}</span></div></div>
      ${score.override && html`<p>${score.override.labels[words.language]}</p>`}`}
    <p>${words.t("inspect.failed", { n: failed })}</p>
    ${(missing.length > 0 || open.signature) && html`<ul class="missing">
      ${missing.map((field) => html`<li key=${field}>${words.t(`inspect.without_${field}`)}
        ${open[field].map((code) => html` <button type="button" class="plain" data-to=${code} onClick=${() => goTo(code)}>${code}</button>`)}</li>`)}
      ${open.signature && html`<li>${words.t("inspect.without_signature")}</li>`}</ul>`}
    ${open.date && html`<p class="reason" role="alert">${words.t("inspect.future")}</p>`}
    ${open.why && html`<p class="reason" role="alert">${words.t("inspect.why_missing")}</p>`}
    <p class="muted">${words.t("inspect.finish_how")}</p>
    <div class="after"><button type="button" class="main" data-do="confirm" disabled=${open.date || open.why} onClick=${send}>${words.t("inspect.confirm")}</button>
      <button type="button" data-do="back" onClick=${back}>${words.t("inspect.back")}</button></div>
  </dialog>`;
}
