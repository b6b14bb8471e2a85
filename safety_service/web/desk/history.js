/** @file The history of one alert, read again whenever the alert has changed. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/dom.js";

const PAGE = 200;

/** @param {{alert: any, words: any, signedOut: () => void}} props */
export function History({ alert, words, signedOut }) {
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let gone = false;
    getJson(`${API}/alerts/${alert.id}/transitions?limit=${PAGE}`)
      .then((found) => { if (!gone) { setPage(found); setTrouble(""); } })
      .catch((error) => {
        if (gone) return;
        if (error instanceof SignedOut) signedOut();
        else setTrouble(words.t("desk.unread", { why: error.message }));
      });
    return () => { gone = true; };
  }, [alert]);
  if (trouble) return html`<p class="trouble">${trouble}</p>`;
  if (!page) return html`<p class="muted">${words.t("waiting")}</p>`;
  return html`<ol class="history">
    ${page.items.map((step) => html`<li key=${step.number} data-change=${step.change}>
      <time datetime=${step.at}>${words.moment.format(new Date(step.at))}</time>
      <span><b>${words.t(`change.${step.change}`)}</b> <small>${step.actor}</small>
        ${step.detail?.disposition && html` <em>${words.t(`disposition.${step.detail.disposition}`)}</em>`}
        ${step.comment && html`<p>${step.comment}</p>`}</span>
    </li>`)}
    ${page.next && html`<li class="muted">${words.t("desk.history_more", { n: PAGE })}</li>`}
  </ol>`;
}
