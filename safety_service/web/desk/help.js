/** @file Every key of the desk. */
import { html } from "../lib/dom.js";

export const KEYS = ["j", "k", "a", "c", "s", "m", "h", "/", "Esc", "?"];
const NAMES = { "/": "search", "?": "help", Esc: "escape" };

/** @param {{words: any, back: () => void}} props */
export function Help({ words, back }) {
  return html`<article class="handover"><button type="button" class="back" onClick=${back}>← ${words.t("desk.back")}</button>
    <h2>${words.t("desk.keyboard")}</h2>
    <dl class="keys">${KEYS.map((key) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${words.t(`key.${NAMES[key] ?? key}`)}</dd></div>`)}</dl>
  </article>`;
}
