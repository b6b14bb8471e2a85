/** @file When, who and where: filled in as far as the phone knows, folded away until looked at. */
import { html, useEffect, useState } from "../lib/dom.js";

const PATIENCE = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 };

/** @param {{visit: any, schemes: any[], today: string, change: (news: any) => void, wrong: boolean, words: any}} props */
export function Facts({ visit, schemes, today, change, wrong, words }) {
  const [place, ask] = usePlace(visit, change);
  const text = (name) => (event) => change({ [name]: event.target.value });
  const people = [visit.inspector, visit.second].filter((name) => name.trim()).join(words.language === "zh" ? "、" : ", ");
  const started = Object.keys(visit.answers).length > 0;
  return html`<details class="facts" open=${wrong}>
    <summary><span>${visit.date || "–"} · ${people || "–"}</span>
      <small>${words.t(visit.place ? "inspect.place_known" : "inspect.place_unknown")}</small></summary>
    <div class="facts-fields">
      <label>${words.t("inspect.date")}<input type="date" name="date" max=${today} value=${visit.date} onInput=${text("date")} /></label>
      ${visit.date > today && html`<p class="reason" role="alert">${words.t("inspect.future")}</p>`}
      <label>${words.t("inspect.inspector")}<input name="inspector" maxlength="100" value=${visit.inspector} onInput=${text("inspector")} /></label>
      <label>${words.t("inspect.second")}<input name="second" maxlength="100" value=${visit.second} onInput=${text("second")} /></label>
      ${schemes.length > 1 && html`<label>${words.t("inspect.scheme")}<select name="scheme" disabled=${started} value=${visit.scheme}
        onChange=${(event) => change(schemeOf(schemes, event.target.value))}>
        ${schemes.map((one) => html`<option key=${one.id} value=${one.id}>${one.title[words.language]}</option>`)}</select></label>`}
      <button type="button" data-do="place" disabled=${place === "asking"} onClick=${ask}>${words.t(`inspect.place_${place}`,
        { m: Math.round(visit.place?.accuracy_m ?? 0) })}</button>
    </div>
  </details>`;
}

/** A centimetre is enough of a place, and a number of fifteen digits is none to the service. */
const rounded = (value, places) => Math.round(value * 10 ** places) / 10 ** places;

function schemeOf(schemes, id) {
  const { version } = schemes.find((one) => one.id === id);
  return { scheme: id, version };
}

/** Where the phone is: asked by a tap, and by itself where that was allowed before.
 * @returns {["none" | "asking" | "known" | "refused", () => void]} */
function usePlace(visit, change) {
  const [state, setState] = useState(/** @type {any} */ (""));
  const ask = () => {
    if (!navigator.geolocation) {
      setState("refused");
      return;
    }
    setState("asking");
    navigator.geolocation.getCurrentPosition(({ coords: { latitude, longitude, accuracy } }) => {
      setState("");
      change({ place: { latitude: rounded(latitude, 7), longitude: rounded(longitude, 7), accuracy_m: rounded(accuracy, 1) } });
    }, () => setState("refused"), PATIENCE);
  };
  const begun = Boolean(visit.started_at);
  useEffect(() => {
    // Not before the first answer: looking at a form is no visit.
    if (!begun || visit.place) return;
    navigator.permissions?.query({ name: "geolocation" }).then(({ state: may }) => { if (may === "granted") ask(); }).catch(() => {});
  }, [begun]);
  return [state || (visit.place ? "known" : "none"), ask];
}
