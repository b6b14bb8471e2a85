/** @file What every working page stands in: language, sign-in, head. The page itself is given. */
import { API, SignedOut, getJson, whoAmI } from "./api.js";
import { html, useCallback, useEffect, useMemo, useState } from "./dom.js";
import { Words, loadTexts, rememberLanguage, startLanguage } from "./i18n.js";
import { forgetToken, post, renewToken } from "./write.js";
import { Login } from "../screen/login.js";

const RETRY_MS = 3000;
const RENEW_MS = 10 * 60_000;

/** @param {{title: string, page: any, leave?: boolean}} props `title`: a text key; `page` gets words, person,
 * timezone, signedOut; `leave`: people take turns at this page, so there is a button to sign out */
export function Frame({ title, page: Page, leave = false }) {
  const [language, setLanguage] = useState(startLanguage);
  const [texts, setTexts] = useState(/** @type {any} */ (null));
  const [person, setPerson] = useState(/** @type {any} */ (undefined));
  const [timezone, setTimezone] = useState(/** @type {string | undefined} */ (undefined));
  useEffect(() => {
    rememberLanguage(language);
    const read = () => loadTexts(language).then((found) => setTexts({ language, found })).catch(() => setTimeout(read, RETRY_MS));
    read();
  }, [language]);
  const greet = useCallback(async () => {
    try {
      const found = await whoAmI();
      if (found) setTimezone((await getJson(`${API}/view/overview`)).timezone);
      setPerson(found);
    } catch (error) {
      if (error instanceof SignedOut) setPerson(null);
      else setTimeout(greet, RETRY_MS);
    }
  }, []);
  useEffect(() => { greet(); }, []);
  useEffect(() => {
    if (!person) return undefined;
    const timer = setInterval(renewToken, RENEW_MS);
    return () => clearInterval(timer);
  }, [person]);
  const signedOut = useCallback(() => {
    forgetToken();
    setPerson(null);
  }, []);
  const signOut = () => post(`${API}/auth/logout`, {}).catch(() => null).finally(signedOut);
  const words = useMemo(() => texts && new Words(texts.language, texts.found, timezone), [texts, timezone]);
  useEffect(() => { if (words) document.title = words.t(title); }, [words]);
  if (!words || person === undefined) return html`<p class="waiting">…</p>`;
  const other = language === "zh" ? "en" : "zh";
  const languageSwitch = html`<button type="button" class="quiet" data-tool="language" title=${words.t("tool.language")}
    onClick=${() => setLanguage(other)}>${other === "en" ? "EN" : "中"}</button>`;
  if (person === null) {
    return html`<main class="entry"><p class="entry-page">${words.t(title)}</p>
      <${Login} words=${words} done=${greet} language=${languageSwitch} /></main>`;
  }
  return html`<header class="top"><h1>${words.t(title)}</h1><span class="who">${person.name}</span>${languageSwitch}
    ${leave && html`<button type="button" class="quiet" data-tool="leave" onClick=${signOut}>${words.t("tool.leave")}</button>`}</header>
    <${Page} words=${words} person=${person} timezone=${timezone} signedOut=${signedOut} />`;
}
