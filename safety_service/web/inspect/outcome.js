/** @file What the visit came to: score, grade, face, and the rule that decided. */
import { html } from "../lib/dom.js";
import { Face } from "../screen/cafeterias.js";

/** @param {{result: any, cafeteria: any, scheme: any, words: any, leave: () => void}} props */
export function Outcome({ result, cafeteria, scheme, words, leave }) {
  const language = words.language;
  const band = scheme.bands.find((one) => one.grade === result.grade);
  const { decided_by: decided, reckoning } = result.result;
  // Where the rule that decided is the whole story, it is told once.
  const since = [result.change, result.why].map((text) => text[language]).filter((text) => text && text !== decided.why[language]);
  const failed = (reckoning.items ?? []).filter((item) => item.result === "fail");
  return html`<main class="inspect outcome" data-inspection=${result.id}>
    <p class="stored">${words.t("inspect.stored", { n: result.id })}</p>
    <h2>${words.name(cafeteria) || cafeteria.id}</h2>
    <p class="muted">${result.date} · ${scheme.title[language]}</p>
    <div class="grade grade-${band?.letter ?? "none"}">
      <${Face} icon=${result.icon} size=${112} />
      <div><b data-grade>${band ? band.labels[language] : words.t("cafeterias.no_grade")}</b>
        <span data-score>${words.t("inspect.score", { score: result.score ?? "–" })}</span></div>
    </div>
    <h3>${words.t("inspect.decided")}</h3>
    <p data-decided>${decided.why[language]}</p>
    ${result.previous !== null && html`<h3>${words.t("inspect.since")}</h3>${since.map((text) => html`<p>${text}</p>`)}`}
    ${failed.length > 0 && html`<h3>${words.t("inspect.failed", { n: failed.length })}</h3>
      <ul class="failed">${failed.map((item) => html`<li key=${item.code}><b class="code">${item.code}</b>
        ${item.key && html` <em class="key">${words.t("inspect.key_item")}</em>`} ${item.labels[language]}
        ${item.note && html`<br /><small>${item.note}</small>`}</li>`)}</ul>`}
    <div class="after"><button type="button" class="main" onClick=${leave}>${words.t("inspect.next")}</button>
      <button type="button" onClick=${() => print()}>${words.t("inspect.print")}</button></div>
  </main>`;
}
