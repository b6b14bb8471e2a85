/** @file The sheet of QR codes for the canteen doors: one card for each cafeteria, to print on A4. */
import { API, SignedOut } from "../lib/api.js";
import { html, render, useEffect, useState } from "../lib/dom.js";
import { Frame } from "../lib/frame.js";
import { readAll, readCafeterias } from "./known.js";

const PER_PAGE = [1, 4, 9];

/** @param {{words: any, signedOut: () => void}} props */
function Sheet({ words, signedOut }) {
  const [known, setKnown] = useState(/** @type {any} */ (null));
  const [trouble, setTrouble] = useState("");
  const [wanted, setWanted] = useState("");
  const [perPage, setPerPage] = useState(4);
  useEffect(() => {
    Promise.all([readCafeterias(), readAll("/schools?")])
      .then(([cafeterias, schools]) => setKnown({ cafeterias, schools: new Map(schools.map((school) => [school.code, school])) }))
      .catch((error) => (error instanceof SignedOut ? signedOut() : setTrouble(error.message)));
  }, []);
  if (trouble) return html`<p class="trouble" role="alert">${words.t("inspect.unread", { why: trouble })}</p>`;
  if (!known) return html`<p class="waiting">${words.t("waiting")}</p>`;
  const part = wanted.trim().toLowerCase();
  const shown = known.cafeterias.filter((one) => {
    const school = known.schools.get(one.school);
    return `${one.id} ${one.name_zh} ${one.name_en} ${school?.name_zh} ${school?.name_en} ${school?.township}`.toLowerCase().includes(part);
  });
  return html`<main class="sheet sheet-${perPage}">
    <div class="controls">
      <input type="search" name="wanted" placeholder=${words.t("inspect.search")} aria-label=${words.t("inspect.search")} value=${wanted} onInput=${(event) => setWanted(event.target.value)} />
      <label>${words.t("inspect.per_page")} <select name="per-page" value=${perPage} onChange=${(event) => setPerPage(Number(event.target.value))}>
        ${PER_PAGE.map((n) => html`<option key=${n} value=${n}>${n}</option>`)}</select></label>
      <button type="button" class="main" data-do="print" disabled=${!shown.length} onClick=${() => print()}>${words.t("inspect.print_cards", { n: shown.length })}</button>
      <p class="muted">${words.t("inspect.sheet_how")}</p>
    </div>
    <ul class="cards">${shown.map((one) => html`<${Card} key=${one.id} cafeteria=${one} school=${known.schools.get(one.school)} />`)}</ul>
    ${!shown.length && html`<p class="waiting">${words.t("list.empty")}</p>`}
  </main>`;
}

/** In both languages whatever the page speaks: it hangs on a door. */
function Card({ cafeteria, school }) {
  const english = [school?.name_en, cafeteria.name_en].filter(Boolean).join(" · ");
  return html`<li class="card" data-card=${cafeteria.id}>
    <p class="card-school" lang="zh-CN">${school?.name_zh ?? cafeteria.school}</p>
    <h2 lang="zh-CN">${cafeteria.name_zh || cafeteria.id}</h2>
    ${english && html`<p class="card-english" lang="en">${english}</p>`}
    <img src=${`${API}/cafeterias/${encodeURIComponent(cafeteria.id)}/qr.svg`} alt=${cafeteria.id} />
    <p class="card-how"><span lang="zh-CN">食品安全检查 · 扫码打开</span><br /><span lang="en">Food-safety inspection: scan to open</span></p>
    <p class="card-id">${cafeteria.id}</p>
  </li>`;
}

render(html`<${Frame} title="inspect.sheet" page=${Sheet} />`, document.getElementById("page"));
