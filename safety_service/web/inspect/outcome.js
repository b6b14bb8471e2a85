/** @file A visit that is done: what it came to, last time against now, and a slip to print. */
import { html } from "../lib/dom.js";
import { Face } from "../lib/face.js";
import { givenUp, reopened, SIGNERS } from "./record.js";
import { stateOf } from "./queue.js";

/** @param {any} props */
export function Outcome({ visit, cafeteria, scheme, words, keep, leave, again, correct, send }) {
  const language = words.language;
  const { result, local } = visit;
  const band = scheme.bands.find((one) => one.grade === (result ? result.grade : local?.grade));
  const failed = failedOf(visit, scheme);
  const now = { date: visit.date, score: result ? result.score : local?.value, grade: result ? result.grade : local?.grade, icon: result ? result.icon : local?.icon };
  const last = visit.previous ?? visit.before;
  const decided = result?.result.decided_by;
  // Where the rule that decided is the whole story, it is told once.
  const since = result ? [result.change, result.why].map((text) => text[language]).filter((text) => text && text !== decided.why[language]) : [];
  return html`<main class="inspect outcome" data-inspection=${result?.id ?? ""} data-state=${visit.state}>
    ${result ? html`<p class="stored" role="status">✓ ${words.t("inspect.stored", { n: result.id })}</p>` : html`<${Waits} visit=${visit} keep=${keep} send=${send} words=${words} />`}
    <div><h2>${words.name(cafeteria) || cafeteria.id}</h2>
      <p class="muted">${visit.date} · ${scheme.title[language]}${visit.corrects ? ` · ${words.t("inspect.correcting", { n: visit.corrects })}` : ""}</p></div>
    ${(result || local) && html`<div class="grade grade-${band?.letter ?? "none"}"><${Face} icon=${now.icon} size=${104} />
      <div><b data-grade>${band ? band.labels[language] : words.t("cafeterias.no_grade")}</b>
        <span data-score>${words.t("inspect.score", { score: now.score ?? "–" })}</span>${!result && html`<small>${words.t("inspect.by_phone")}</small>`}</div></div>`}
    ${last && (result || local) && html`<h3>${words.t("inspect.since")}</h3><${Compared} last=${last} now=${now} bands=${scheme.bands} words=${words} />
      ${since.map((text) => html`<p>${text}</p>`)}`}
    ${decided && html`<h3>${words.t("inspect.decided")}</h3><p data-decided>${decided.why[language]}</p>`}
    ${failed.length > 0 && html`<h3>${words.t("inspect.failed", { n: failed.length })}</h3><ul class="failed">${failed.map(({ item, given }) =>
      html`<li key=${item.code}><b class="code">${item.code}</b> ${item.key && html`<em class="key">${words.t("inspect.key_item")}</em> `}${item.labels[language]}
        ${given.note && html`<br /><span>${given.note}</span>`}
        ${(given.owner || given.due) && html`<br /><small>${[given.owner && `${words.t("inspect.owner")} ${given.owner}`, given.due && `${words.t("inspect.due")} ${given.due}`].filter(Boolean).join(" · ")}</small>`}
        ${given.photos?.length > 0 && html`<div class="thumbs">${given.photos.map((sha256) => html`<img key=${sha256} src=${visit.files[sha256]?.thumb} alt="" />`)}</div>`}</li>`)}</ul>`}
    ${visit.note && html`<h3>${words.t("inspect.note")}</h3><p>${visit.note}</p>`}
    <div class="signed">${SIGNERS.map((who) => html`<figure key=${who}><figcaption>${words.t(`inspect.sign.${who}`)}${who === "inspector"
      ? ` ${[visit.inspector, visit.second].filter(Boolean).join(" ")}` : ""}</figcaption>
      ${visit.signatures[who] && html`<img src=${visit.files[visit.signatures[who]]?.thumb} alt=${words.t(`inspect.sign.${who}`)} />`}</figure>`)}</div>
    <div class="after"><button type="button" class="main" data-do="next" onClick=${leave}>${words.t("inspect.next")}</button>
      <button type="button" data-do="print" onClick=${() => print()}>${words.t("inspect.print")}</button>
      ${result && html`<button type="button" data-do="correct" onClick=${correct}>${words.t("inspect.correct")}</button>`}
      <button type="button" data-do="again" onClick=${again}>${words.t("inspect.visit_again")}</button></div>
  </main>`;
}

/** Not confirmed yet: what it waits for, and what can be done about it. */
function Waits({ visit, keep, send, words }) {
  const refused = Object.keys(visit.queue.refused).length;
  const take = () => keep.update(visit.id, (one) => reopened(one));
  const giveUp = () => {
    if (!confirm(words.t("inspect.give_up_sure"))) return;
    keep.update(visit.id, givenUp).then(send);
  };
  return html`<div class="waits" role="status"><p><b>${words.t("inspect.safe_here")}</b></p><p class="muted">${stateOf(visit, words)}</p>
    ${(refused > 0 || !visit.queue.tried) && html`<div class="after">${refused > 0 && html`<button type="button" data-do="give-up" onClick=${giveUp}>${words.t("inspect.give_up")}</button>`}
      ${!visit.queue.tried && html`<button type="button" data-do="withdraw" onClick=${take}>${words.t("inspect.withdraw")}</button>`}</div>`}</div>`;
}

function Compared({ last, now, bands, words }) {
  const column = (title, { date, score, grade, icon }) => html`<div><small>${title}</small><${Face} icon=${icon} size=${44} />
    <b>${score ?? "–"}</b><span>${bands.find((one) => one.grade === grade)?.labels[words.language] ?? words.t("cafeterias.no_grade")}</span><small>${date}</small></div>`;
  const [was, is] = [Number(last.score), Number(now.score)];
  const arrow = last.score === null || now.score === null || was === is ? "→" : is > was ? "↗" : "↘";
  return html`<div class="compared">${column(words.t("inspect.last_time"), last)}<span class="arrow" aria-hidden="true">${arrow}</span>${column(words.t("inspect.this_time"), now)}</div>`;
}

function failedOf(visit, scheme) {
  const { items, outside_grade: beside } = scheme.checklist;
  return [...items, ...(beside?.items ?? [])].map((item) => ({ item, given: visit.answers[item.code] })).filter(({ given }) => given?.result === "fail");
}
