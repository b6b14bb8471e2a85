/** @file What is published of one cafeteria: grade and face, what was found, what was put right, past visits. */
import { html } from "../lib/dom.js";
import { Face } from "../lib/face.js";

/** @param {{shown: any, words: any}} props */
export function Published({ shown, words }) {
  return html`<main class="disclosure" data-cafeteria=${shown.cafeteria}>
    <h2>${words.name(shown, "school")}<br />${words.name(shown)}</h2>
    <${Standing} shown=${shown} words=${words} size=${112} />
    ${shown.found && html`<${Findings} shown=${shown} words=${words} />`}
    ${shown.earlier?.length > 0 && html`<section><h3>${words.t("disclosure.earlier")}</h3>
      <${Items} items=${shown.earlier} words=${words} /></section>`}
    ${shown.history && html`<${History} visits=${shown.history} words=${words} />`}
    <p class="muted foot">${words.t("disclosure.as_of", { date: shown.as_of })} · ${shown.cafeteria}
      <a class="to-sign" href=${`/disclosure/${encodeURIComponent(shown.cafeteria)}/sign`}>${words.t("disclosure.sign")}</a></p>
  </main>`;
}

/** The grade of the last visit and that of the year; a sign that is withdrawn shows neither.
 * @param {{shown: any, words: any, size: number}} props */
export function Standing({ shown, words, size }) {
  const { grade, annual, sign_withdrawn: withdrawn } = shown;
  const language = words.language;
  if (withdrawn) {
    return html`<div class="standing standing-none" data-grade="withdrawn"><${Face} icon=${null} size=${size} />
      <div><b>${words.t("disclosure.withdrawn")}</b><p>${withdrawn.labels[language]}</p>
        <p class="muted">${words.t("disclosure.until", { date: withdrawn.until })}</p></div></div>`;
  }
  if (!grade) return html`<p class="standing standing-none">${words.t("disclosure.not_visited")}</p>`;
  return html`<div class="standing" data-grade=${grade.grade ?? "none"}>
    <${Face} icon=${grade.icon} size=${size} />
    <div>
      <p class="muted">${words.t("disclosure.dynamic")}</p>
      <b data-grade-name>${grade.labels?.[language] ?? words.t("disclosure.no_grade")}</b>
      ${grade.score && html`<p>${words.t("disclosure.score", { score: grade.score })}</p>`}
      ${grade.why && html`<p>${grade.why[language]}</p>`}
      <p class="muted">${words.t("disclosure.visited", { date: grade.visited_on })}</p>
    </div>
    ${annual?.letter && html`<div class="year"><p class="muted">${words.t("disclosure.annual")}</p>
      <b data-letter>${annual.letter}</b>
      <p class="muted">${words.t("disclosure.annual_from", { n: annual.visits, average: annual.average })}</p></div>`}
    ${grade.appeal_pending && html`<p class="appeal" role="note">${words.t("disclosure.appeal")}</p>`}
  </div>`;
}

function Findings({ shown, words }) {
  const { found, sections, grade } = shown;
  if (!grade && !found.length && !sections?.length) return null;
  if (sections?.length) {
    return html`<section><h3>${words.t("disclosure.sections")}</h3>
      <table class="sections"><tbody>${sections.map((one) => html`<tr key=${one.labels.zh}><th scope="row">${one.labels[words.language]}</th>
        <td>${one.score ?? words.t("disclosure.absent")}</td></tr>`)}</tbody></table></section>`;
  }
  return html`<section><h3>${words.t("disclosure.found")}</h3>
    ${found.length ? html`<${Items} items=${found} words=${words} />` : html`<p>${words.t("disclosure.found_none")}</p>`}</section>`;
}

function Items({ items, words }) {
  return html`<ul class="found">${items.map((item, place) => html`<li key=${`${item.code}-${place}`} data-item=${item.code ?? ""}>
    <span>${item.code && html`<b class="code">${item.code}</b> `}${item.labels[words.language]}
      ${item.key && html` <em class="key">${words.t("disclosure.key")}</em>`}</span>
    ${item.progress && html`<small class=${`state state-${item.progress.state}`}>
      ${words.t(`disclosure.state.${item.progress.state}`, { date: item.progress.on ?? item.progress.due_on ?? "" })}</small>`}
  </li>`)}</ul>`;
}

function History({ visits, words }) {
  return html`<section><h3>${words.t("disclosure.history")}</h3>
    ${visits.length ? html`<ol class="visits">${visits.map((visit) => html`<li key=${visit.visited_on + (visit.score ?? "")}>
      <time datetime=${visit.visited_on}>${visit.visited_on}</time><${Face} icon=${visit.icon} size=${22} />
      <span>${visit.labels?.[words.language] ?? words.t("disclosure.no_grade")}</span><span class="number">${visit.score ?? "–"}</span>
      ${visit.appeal_pending && html`<small class="appeal">${words.t("disclosure.appeal")}</small>`}
    </li>`)}</ol>` : html`<p>${words.t("disclosure.history_none")}</p>`}</section>`;
}
