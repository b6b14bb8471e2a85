/** @file The cafeterias to choose from, found by a part of the name. */
import { html, useState } from "../lib/dom.js";
import { Face } from "../screen/cafeterias.js";

const SHOWN = 50;

/** @param {{cafeterias: any[], missing: string, choose: (id: string) => void, words: any}} props */
export function Choose({ cafeterias, missing, choose, words }) {
  const [wanted, setWanted] = useState("");
  const part = wanted.trim().toLowerCase();
  const found = cafeterias.filter((one) => `${one.id} ${one.name_zh} ${one.name_en}`.toLowerCase().includes(part));
  return html`<main class="inspect">
    <h2>${words.t("inspect.choose")}</h2>
    ${missing && html`<p class="trouble">${words.t("inspect.missing", { id: missing })}</p>`}
    <input type="search" name="wanted" placeholder=${words.t("inspect.search")} aria-label=${words.t("inspect.search")} value=${wanted}
      onInput=${(event) => setWanted(event.target.value)} />
    <ul class="places">
      ${found.slice(0, SHOWN).map((one) => html`<li key=${one.id}><button type="button" data-cafeteria=${one.id} onClick=${() => choose(one.id)}>
        <span><b>${words.name(one) || one.id}</b><small>${one.visited_on ? words.t("inspect.last_visit", { date: one.visited_on }) : words.t("inspect.no_visit")}</small></span>
        ${one.visited_on && html`<${Face} icon=${one.icon} size=${32} />`}
      </button></li>`)}
    </ul>
    ${found.length > SHOWN && html`<p class="muted">${words.t("inspect.more", { n: found.length - SHOWN })}</p>`}
    ${!found.length && html`<p class="waiting">${words.t("list.empty")}</p>`}
  </main>`;
}
