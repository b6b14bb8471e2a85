/** @file What the inspector's page stands in: language, who is signed in, and that it starts without a network as well. */
import { whoAmI } from "../lib/api.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib/dom.js";
import { Words, loadTexts, rememberLanguage, startLanguage } from "../lib/i18n.js";
import { forgetToken, renewToken } from "../lib/write.js";
import { Login } from "../screen/login.js";
import { Inspect } from "./inspect.js";
import { onNewVersion } from "./install.js";
import { Keep } from "./keep.js";

const RETRY_MS = 3000;
const AWAY_RETRY_MS = 20_000;
const RENEW_MS = 10 * 60_000;
const PERSON = "person";
/** @typedef {"asking" | "in" | "out" | "away"} Session out: the service wants a sign-in; away: it does not answer */

export function Start() {
  const keep = useMemo(() => new Keep(), []);
  const [language, setLanguage] = useState(startLanguage);
  const texts = useTexts();
  const [timezone, setTimezone] = useState(/** @type {string | undefined} */ (undefined));
  const { person, session, greet, signedOut, broken } = usePerson(keep);
  const [entering, setEntering] = useState(false);
  const [renewed, setRenewed] = useState(false);
  useEffect(() => { rememberLanguage(language); }, [language]);
  useEffect(() => onNewVersion(() => setRenewed(true)), []);
  const words = useMemo(() => texts && new Words(language, texts[language], timezone), [texts, language, timezone]);
  useEffect(() => { if (words) document.title = words.t("inspect.title"); }, [words]);
  if (!words) return html`<p class="waiting">…</p>`;
  if (broken) return html`<main class="entry"><p class="trouble" role="alert">${words.t("inspect.no_storage", { why: broken })}</p></main>`;
  if (person === undefined) return html`<p class="waiting">${words.t("waiting")}</p>`;
  const other = language === "zh" ? "en" : "zh";
  const languageSwitch = html`<button type="button" class="quiet" data-tool="language" lang=${other === "zh" ? "zh-CN" : "en"} title=${words.t("tool.language")}
    onClick=${() => setLanguage(other)}>${other === "en" ? "EN" : "中"}</button>`;
  const entered = () => {
    setEntering(false);
    greet();
  };
  if (person === null || entering) {
    return html`<main class="entry"><p class="entry-page">${words.t("inspect.title")}</p>
      <${Login} words=${words} done=${entered} language=${languageSwitch} />
      ${person && html`<button type="button" class="entry-back" data-do="back" onClick=${() => setEntering(false)}>${words.t("inspect.sign_in_later")}</button>`}</main>`;
  }
  const enter = () => setEntering(true);
  return html`<header class="top"><h1>${words.t("inspect.title")}</h1>
      ${session === "away" && html`<span class="chip chip-away" data-session="away">${words.t("inspect.away")}</span>`}
      <button type="button" class="quiet who" data-do="account" title=${words.t("inspect.other_person")} onClick=${enter}>${person.name}</button>${languageSwitch}</header>
    ${renewed && html`<p class="notice">${words.t("inspect.renewed")} <button type="button" class="small" onClick=${() => location.reload()}>${words.t("inspect.reload")}</button></p>`}
    ${session === "out" && html`<p class="notice notice-bad" role="alert" data-session="out"><span>${words.t("inspect.signed_out")}</span>
      <button type="button" class="main" data-do="sign-in" onClick=${enter}>${words.t("login.submit")}</button></p>`}
    <${Inspect} key=${person.name} words=${words} person=${person} keep=${keep} session=${session} signedOut=${signedOut}
      knowTimezone=${setTimezone} />`;
}

/** Both languages at once: the switch works in flight mode. */
function useTexts() {
  const [texts, setTexts] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const read = () => Promise.all([loadTexts("zh"), loadTexts("en")]).then(([zh, en]) => setTexts({ zh, en }))
      .catch(() => setTimeout(read, RETRY_MS));
    read();
  }, []);
  return texts;
}

/** Who works here: the person this phone remembers at once, then whom the service knows.
 * @param {Keep} keep */
function usePerson(keep) {
  const [person, setPerson] = useState(/** @type {any} undefined: not known yet; null: nobody */ (undefined));
  const [session, setSession] = useState(/** @type {Session} */ ("asking"));
  const [broken, setBroken] = useState("");
  const retry = useRef(0);
  const greet = useCallback(async () => {
    clearTimeout(retry.current);
    try {
      const found = await whoAmI();
      if (found) await keep.remember(PERSON, found);
      setSession(found ? "in" : "out");
      setPerson((before) => found ?? before ?? null);
    } catch {
      setSession("away");
      retry.current = setTimeout(greet, AWAY_RETRY_MS);
    }
  }, []);
  useEffect(() => {
    keep.known(PERSON).then((found) => {
      if (found) setPerson(found);
      return greet();
    }).catch((error) => setBroken(error.message || String(error)));
    addEventListener("online", greet);
    const away = () => setSession("away");
    addEventListener("offline", away);
    return () => {
      clearTimeout(retry.current);
      removeEventListener("online", greet);
      removeEventListener("offline", away);
    };
  }, []);
  useEffect(() => {
    if (session !== "in") return undefined;
    const timer = setInterval(renewToken, RENEW_MS);
    return () => clearInterval(timer);
  }, [session]);
  const signedOut = useCallback(() => {
    forgetToken();
    setSession("out");
  }, []);
  return { person, session, greet, signedOut, broken };
}

