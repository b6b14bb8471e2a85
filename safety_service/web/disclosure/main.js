/** @file Starts the public page of one cafeteria, or the sign for its wall; nobody signs in here. */
import { API } from "../lib/api.js";
import { html, render, useEffect, useState } from "../lib/dom.js";
import { Words, loadTexts, rememberLanguage, startLanguage } from "../lib/i18n.js";
import { Published } from "./published.js";
import { Sign } from "./sign.js";

const RETRY_MS = 5000;
const [, , ADDRESSED, VIEW] = location.pathname.split("/");

/** @param {string} path @returns {Promise<any>} null where nothing is published */
async function read(path) {
  const answer = await fetch(`${API}/disclosure/${path}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

function Page() {
  const [language, setLanguage] = useState(startLanguage);
  const [texts, setTexts] = useState(/** @type {any} */ (null));
  const [shown, setShown] = useState(/** @type {any} */ (undefined));
  const [trouble, setTrouble] = useState(false);
  useEffect(() => {
    rememberLanguage(language);
    const again = () => loadTexts(language).then((found) => setTexts({ language, found })).catch(() => setTimeout(again, RETRY_MS));
    again();
  }, [language]);
  useEffect(() => {
    const again = () => Promise.all([read(ADDRESSED), VIEW === "sign" ? read(`${ADDRESSED}/sign`) : null])
      .then(([disclosure, code]) => { setTrouble(false); setShown(disclosure && { disclosure, code }); })
      .catch(() => { setTrouble(true); setTimeout(again, RETRY_MS); });
    again();
  }, []);
  const words = texts && new Words(texts.language, texts.found);
  useEffect(() => {
    if (words) document.title = [shown && words.name(shown.disclosure), words.t("disclosure.title")].filter(Boolean).join(" · ");
  }, [texts, shown]);
  if (!words) return html`<p class="waiting">…</p>`;
  if (shown === undefined) return html`<p class="waiting">${words.t(trouble ? "disclosure.failed" : "waiting")}</p>`;
  if (shown === null) return html`<p class="waiting" data-none>${words.t("disclosure.none")}</p>`;
  const other = language === "zh" ? "en" : "zh";
  return html`<header class="top"><h1>${words.t("disclosure.title")}</h1>
      <button type="button" data-do="print" onClick=${() => print()}>${words.t("disclosure.print")}</button>
      <button type="button" class="quiet" data-tool="language" title=${words.t("tool.language")}
        onClick=${() => setLanguage(other)}>${other === "en" ? "EN" : "中"}</button></header>
    ${shown.code ? html`<${Sign} shown=${shown.disclosure} code=${shown.code} words=${words} />`
      : html`<${Published} shown=${shown.disclosure} words=${words} />`}`;
}

render(html`<${Page} />`, document.getElementById("page"));
