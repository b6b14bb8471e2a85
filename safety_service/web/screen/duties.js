/** @file What people owe: today's duties as a ring, what must be put right and is late. */
import { html } from "../lib/dom.js";
import { Opens } from "./figures.js";

const ROUND = 2 * Math.PI * 44;

/** @param {{overview: any, words: any, open: Function}} props */
export function Owed({ overview, words, open }) {
  if (!overview) return html`<p class="nothing">${words.t("waiting")}</p>`;
  const { duties_today: today, duties_missed: missed, duties_overdue: overdue } = overview;
  return html`<div class="owed">
    <${Ring} figure=${today} words=${words} open=${open} />
    <ul class="owed-lines">
      <${Line} name="duties_overdue" figure=${overdue} words=${words} open=${open} />
      <${Line} name="duties_missed" figure=${missed} words=${words} open=${open} />
    </ul>
    <ul class="owed-lines owed-right">
      <${Line} name="rectifications_overdue" figure=${overview.rectifications_overdue} words=${words} open=${open} />
      <${Line} name="rectifications_open" figure=${overview.rectifications_open} words=${words} open=${open} plain=${true} />
    </ul>
  </div>`;
}

/** How many of today's duties are done. Without any there is no share. */
function Ring({ figure, words, open }) {
  const share = figure?.total ? figure.value / figure.total : 0;
  const label = words.t("figures.duties_today");
  return html`<${Opens} list=${figure?.list ?? "#"} label=${label} open=${open} class="ring">
    <svg viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="44" />
      ${share > 0 && html`<circle class="ring-done" cx="50" cy="50" r="44" stroke-dasharray="${share * ROUND} ${ROUND}" />`}</svg>
    <span class="ring-text"><b data-figure="duties_today">${figure?.total ? `${words.n(Math.floor(share * 100))}%` : "–"}</b>
      <small>${figure?.total ? `${words.n(figure.value)} / ${words.n(figure.total)}` : words.t("figures.duties_none")}</small></span>
    <span class="ring-name">${label}</span>
  <//>`;
}

/** A number that should be zero: with a sign where it is not. */
function Line({ name, figure, words, open, plain = false }) {
  const label = words.t(`figures.${name}`);
  const bad = !plain && figure?.value > 0;
  return html`<li><${Opens} list=${figure?.list ?? "#"} label=${label} open=${open} class="owed-line ${bad ? "is-bad" : ""}">
    <span class="owed-name">${label}</span>
    <b data-figure=${name}>${bad && html`<svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 23 21H1z" /><path class="cut" d="M12 9v5m0 3v.1" /></svg>`}${words.n(figure?.value)}</b>
  <//></li>`;
}
