/** @file The cafeterias to choose from, found by a part of the name; those with a visit in hand first. */
import { html, useMemo, useState } from "../lib/dom.js";
import { Face } from "../lib/face.js";

const SHOWN = 50;
const RECENT = 10;

/** @param {{cafeterias: any[], visits: any[], others: string[], readAt: string, missing: string, choose: (id: string, visit?: any) => void, words: any}} props */
export function Choose({ cafeterias, visits, others, readAt, missing, choose, words }) {
  const [wanted, setWanted] = useState("");
  const part = wanted.trim().toLowerCase();
  const inHand = useMemo(() => new Map(visits.filter(({ state }) => state !== "sent").map((visit) => [visit.cafeteria, visit])), [visits]);
  const found = cafeterias.filter((one) => `${one.id} ${one.name_zh} ${one.name_en}`.toLowerCase().includes(part));
  const ordered = [...found.filter(({ id }) => inHand.has(id)), ...found.filter(({ id }) => !inHand.has(id))];
  const sent = visits.filter(({ state }) => state === "sent").slice(0, RECENT);
  return html`<main class="inspect">
    <h2>${words.t("inspect.choose")}</h2>
    ${missing && html`<p class="trouble" role="alert">${words.t("inspect.missing", { id: missing })}</p>`}
    <input type="search" name="wanted" placeholder=${words.t("inspect.search")} aria-label=${words.t("inspect.search")} value=${wanted}
      onInput=${(event) => setWanted(event.target.value)} />
    <ul class="places">
      ${ordered.slice(0, SHOWN).map((one) => html`<${Place} key=${one.id} place=${one} visit=${inHand.get(one.id)} choose=${choose} words=${words} />`)}
    </ul>
    ${found.length > SHOWN && html`<p class="muted">${words.t("inspect.more", { n: found.length - SHOWN })}</p>`}
    ${!found.length && html`<p class="waiting">${words.t("list.empty")}</p>`}
    ${sent.length > 0 && html`<h3>${words.t("inspect.sent_before")}</h3><ul class="places">
      ${sent.map((visit) => html`<li key=${visit.id}><button type="button" data-sent=${visit.id} onClick=${() => choose(visit.cafeteria, visit)}>
        <span><b>${words.name(visit.names)}</b><small>${visit.date} · ${visit.result.score ?? "–"}</small></span>
        <${Face} icon=${visit.result.icon} size=${32} /></button></li>`)}</ul>`}
    ${others.length > 0 && html`<p class="notice">${words.t("inspect.others_wait", { who: others.join(words.language === "zh" ? "、" : ", ") })}</p>`}
    <p class="muted foot">${words.t("inspect.known_as_of", { time: words.moment.format(new Date(readAt)) })} · <a href="/inspect/sheet">${words.t("inspect.sheet")}</a></p>
  </main>`;
}

function Place({ place, visit, choose, words }) {
  const last = place.visited_on ? words.t("inspect.last_visit", { date: place.visited_on }) : words.t("inspect.no_visit");
  const given = Object.values(visit?.answers ?? {}).filter(({ result }) => result).length;
  const badge = visit?.state === "waiting" ? words.t("inspect.badge_waiting") : visit && words.t("inspect.badge_draft", { n: given });
  return html`<li><button type="button" data-cafeteria=${place.id} onClick=${() => choose(place.id)}>
    <span><b>${words.name(place) || place.id}</b><small>${last}</small></span>
    ${badge && html`<em class="chip ${visit.refused ? "chip-bad" : ""}">${badge}</em>`}
    ${place.visited_on && html`<${Face} icon=${place.icon} size=${32} />`}
  </button></li>`;
}
