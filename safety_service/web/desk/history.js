/** @file The history of one alert, read again whenever the alert has changed. */
import { API } from "../lib/api.js";
import { html } from "../lib/dom.js";
import { useReading } from "./reading.js";

const PAGE = 200;

/** @param {{alert: any, words: any, signedOut: () => void}} props */
export function History({ alert, words, signedOut }) {
  const { body: page, trouble } = useReading(`${API}/alerts/${alert.id}/transitions?limit=${PAGE}`, alert, signedOut);
  if (trouble && !page) return html`<p class="trouble">${words.t("desk.unread", { why: trouble })}</p>`;
  if (!page) return html`<p class="muted">${words.t("waiting")}</p>`;
  return html`<ol class="history">
    ${page.items.map((step) => html`<li key=${step.number} data-change=${step.change}>
      <time datetime=${step.at}>${words.moment.format(new Date(step.at))}</time>
      <div><b>${words.t(`change.${step.change}`)}</b> <small>${step.actor === "system" ? words.t("desk.by_itself") : step.actor}</small>
        ${step.detail?.disposition && html` <em>${words.t(`disposition.${step.detail.disposition}`)}</em>`}
        ${step.detail?.suppressed_by && html` <em class="held">${words.suppressed(step.detail.suppressed_by)}</em>`}
        ${step.comment && html`<p>${step.comment}</p>`}
        <${Evidence} listed=${step.detail?.evidence} words=${words} /></div>
    </li>`)}
    ${page.next && html`<li class="muted">${words.t("desk.history_more", { n: PAGE })}</li>`}
  </ol>`;
}

/** Links where they are addresses of the web, words where not. @param {{listed: string[] | undefined, words: any}} props */
function Evidence({ listed, words }) {
  if (!listed?.length) return null;
  return html`<ul class="evidence">${listed.map((one) => html`<li key=${one}>${words.t("desk.evidence")}: ${
    isWebAddress(one) ? html`<a href=${one} target="_blank" rel="noopener noreferrer">${one}</a>` : one}</li>`)}</ul>`;
}

/** Devices and people name addresses; only one of the web, or of this service, becomes a link. @param {string | null} text */
export function isWebAddress(text) {
  return /^https?:\/\//i.test(text ?? "") || /^\/(?![/\\])/.test(text ?? "");
}
