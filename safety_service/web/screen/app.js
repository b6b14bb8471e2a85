/** @file The wall screen: a stage of 1920 × 1080, scaled as a whole to whatever hangs on the wall. */
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib/dom.js";
import { whoAmI } from "../lib/api.js";
import { Words, loadTexts, rememberLanguage, startLanguage } from "../lib/i18n.js";
import { Cafeterias } from "./cafeterias.js";
import { Owed } from "./duties.js";
import { Feed } from "./feed.js";
import { Opens, SeverityTiles, Strip } from "./figures.js";
import { Header } from "./header.js";
import { KindRanking, LiveAlerts, TopSchools } from "./lists.js";
import { Login } from "./login.js";
import { CountyMap } from "./map.js";
import { LEVELS, emptyState } from "./state.js";
import { Siren } from "./sound.js";
import { Mark } from "./marks.js";
import { Overlay } from "./overlay.js";
import { Spans, Trend, useSpan } from "./trend.js";

const WIDTH = 1920;
const HEIGHT = 1080;
const LOUD = new Set(["raised", "severity_raised", "reopened"]);
const COARSE_MS = 20_000;

/** How much the stage is enlarged to fill the window. */
function useScale() {
  const measure = () => Math.min(innerWidth / WIDTH, innerHeight / HEIGHT);
  const [scale, setScale] = useState(measure);
  useEffect(() => {
    let timer = 0;
    const resized = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setScale(measure()), 120);
    };
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);
  return scale;
}

/** Whether the reader asked the system for less motion. */
function useStill() {
  const query = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)"), []);
  const [still, setStill] = useState(query.matches);
  useEffect(() => {
    const changed = () => setStill(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return still;
}

/** The server's time, moved on by this machine's clock. @param {number} everyMs @param {{current: number}} offset */
function useNow(everyMs, offset) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() + offset.current), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function App() {
  const [language, setLanguage] = useState(startLanguage);
  const [texts, setTexts] = useState(null);
  const [person, setPerson] = useState(/** @type {any} */ (undefined));
  const [timezone, setTimezone] = useState(/** @type {string | undefined} */ (undefined));
  useEffect(() => {
    rememberLanguage(language);
    loadTexts(language).then(setTexts);
  }, [language]);
  const greet = useCallback(() => whoAmI().then(setPerson).catch(() => setTimeout(greet, 3000)), []);
  useEffect(() => { greet(); }, []);
  const words = useMemo(() => texts && new Words(language, texts, timezone), [texts, timezone]);
  useEffect(() => { if (words) document.title = words.t("title"); }, [words]);
  if (!words || person === undefined) return html`<div class="stage-ground"></div>`;
  const other = language === "zh" ? "en" : "zh";
  const languageSwitch = html`<button type="button" class="tool" data-tool="language" onClick=${() => setLanguage(other)}
    title=${words.t("tool.language")}>${other === "en" ? "EN" : "中"}</button>`;
  if (person === null) {
    return html`<div class="stage-ground"><${Login} words=${words} done=${greet} language=${languageSwitch} /></div>`;
  }
  return html`<${Wall} words=${words} languageSwitch=${languageSwitch} setTimezone=${setTimezone}
    signedOut=${() => setPerson(null)} />`;
}

function Wall({ words, languageSwitch, setTimezone, signedOut }) {
  const [state, setState] = useState(emptyState);
  const [shown, setShown] = useState(/** @type {{title: string, path: string}[]} the last one is seen */ ([]));
  const [loud, setLoud] = useState(false);
  const scale = useScale();
  const still = useStill();
  const [span, chooseSpan] = useSpan(still);
  const offset = useRef(0);
  const answered = useRef(0);
  const siren = useMemo(() => new Siren(), []);
  const second = useNow(1000, offset);
  const coarse = Math.floor(second / COARSE_MS) * COARSE_MS;

  useEffect(() => {
    const changed = (news) => {
      if (news.asOf > 0) offset.current = news.asOf - feed.lastAnswer;
      answered.current = feed.lastAnswer;
      if (news.overview) setTimezone(news.overview.timezone);
      setState(news);
    };
    const heard = (transition, alert) => {
      if (LOUD.has(transition.change) && transition.severity === "critical" && !alert.suppressed_by) siren.sound();
    };
    const feed = new Feed(changed, heard, signedOut);
    feed.start();
    return () => feed.stop();
  }, []);

  const toggleSound = async () => {
    if (loud) await siren.disable();
    setLoud(loud ? false : await siren.enable());
  };
  const open = useCallback((title, path) => setShown([{ title, path }]), []);
  const onward = useCallback((title, path) => setShown((before) => [...before, { title, path }]), []);
  const back = useCallback(() => setShown((before) => before.slice(0, -1)), []);
  const close = useCallback(() => setShown([]), []);
  const seen = shown.at(-1);
  const schoolName = useCallback((code) => {
    const place = state.map?.features.find((feature) => feature.id === code)?.properties;
    return place ? words.name(place) : code;
  }, [state.map, words]);
  const shared = { words, open, still };

  return html`<div class="stage-ground ${still ? "still" : ""}">
    <main class="stage" style=${{ transform: `translate(-50%, -50%) scale(${scale})` }}>
      <div class="drift">
        <${Header} state=${state} words=${words} now=${second} waited=${(Date.now() - answered.current) / 1000}
          tools=${html`${languageSwitch}
            <button type="button" class="tool ${loud ? "on" : ""}" data-tool="sound" aria-pressed=${loud} title=${words.t(loud ? "tool.sound_off" : "tool.sound_on")}
              onClick=${toggleSound}><${Icon} name=${loud ? "loud" : "mute"} /></button>
            <button type="button" class="tool" data-tool="full" title=${words.t("tool.full")} onClick=${fullScreen}><${Icon} name="full" /></button>`} />
        <div class="columns">
          <div class="column">
            <${Panel} title=${words.t("trend.title")} name="p-trend" note=${html`<${Spans} span=${span} choose=${chooseSpan} words=${words} />`}>
              <${Trend} span=${span} trend=${span === "days" ? state.days : state.trend} scale=${scale} ...${shared} /><//>
            <${Panel} title=${words.t("kinds.title")} name="p-kinds"><${KindRanking} kinds=${state.kinds} ...${shared} /><//>
            <${Panel} title=${words.t("schools.title")} name="p-schools" note=${words.t("schools.note")}>
              <${TopSchools} schools=${state.schools} ...${shared} /><//>
          </div>
          <div class="middle">
            <${SeverityTiles} overview=${state.overview} ...${shared} />
            <section class="county-box">
              <${CountyMap} state=${state} now=${coarse} scale=${scale} ...${shared} />
              <${Legend} words=${words} />
              <p class="schematic">${mapNote(state.boundary, words)}</p>
            </section>
            <${Strip} overview=${state.overview} ...${shared} />
          </div>
          <div class="column">
            <${Panel} title=${words.t("alerts.title")} name="p-alerts" note=${html`<${Opens} list=${state.overview?.alerts_open_total.list ?? "#"}
              label=${words.t("figures.open")} open=${open}>${words.t("alerts.note", { n: words.n(state.overview?.alerts_open_total.value) })}<//>`}>
              <${LiveAlerts} alerts=${state.alerts} now=${Math.floor(second / 5000) * 5000} ...${shared} /><//>
            <${Panel} title=${words.t("owed.title")} name="p-owed"><${Owed} overview=${state.overview} ...${shared} /><//>
            <${Panel} title=${words.t("cafeterias.title")} name="p-cafeterias" note=${words.t("cafeterias.annual")}>
              <${Cafeterias} cafeterias=${state.cafeterias} ...${shared} /><//>
          </div>
        </div>
      </div>
      ${seen && html`<${Overlay} key=${seen.path} title=${seen.title} path=${seen.path} words=${words} schoolName=${schoolName} open=${onward}
        close=${close} back=${shown.length > 1 ? back : null} />`}
    </main>
  </div>`;
}

function Panel({ title, note, name, children }) {
  return html`<section class="panel ${name}"><h2>${title}${note && html`<small>${note}</small>`}</h2><div class="panel-body">${children}</div></section>`;
}

/** Whose map it is: drawn here, or the bureau's own with the number under which it may be shown. */
function mapNote(boundary, words) {
  if (!boundary?.features.length) return words.t("map.schematic");
  return boundary.approval ? words.t("map.approval", { number: boundary.approval }) : words.t("map.own");
}

function Legend({ words }) {
  return html`<ul class="legend">
    ${LEVELS.map((level) => html`<li key=${level}><${Mark} severity=${level} size=${18} />${words.t(`severity.${level}`)}</li>`)}
    <li><i class="calm"></i>${words.t("map.calm")}</li>
  </ul>`;
}

const ICONS = {
  loud: "M4 9.5v5h3.5L12 18.5V5.5L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
  mute: "M4 9.5v5h3.5L12 18.5V5.5L7.5 9.5zM16 9.5l5 5m0-5-5 5",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
};

function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}
