/** @file The sign for the wall: one sheet with face, grade, date, and the code that leads to the page. */
import { html } from "../lib/dom.js";
import { Standing } from "./published.js";

/** @param {{shown: any, code: any, words: any}} props */
export function Sign({ shown, code, words }) {
  return html`<main class="sign" data-sign=${shown.cafeteria}>
    <p class="sign-title">${words.t("disclosure.title")}</p>
    <h2>${words.name(shown, "school")}<br />${words.name(shown)}</h2>
    <${Standing} shown=${shown} words=${words} size=${260} />
    <div class="sign-code">
      <a class="qr" href=${code.address} aria-label=${code.address} dangerouslySetInnerHTML=${{ __html: code.qr_svg }}></a>
      <p>${words.t("disclosure.scan")}<br /><small class="muted">${words.t("disclosure.as_of", { date: shown.as_of })} · ${shown.cafeteria}</small></p>
    </div>
  </main>`;
}
