/** @file Cafeteria credit: annual letters, faces of the last visit, red and black list, the latest falls. */
import { html } from "../lib/dom.js";
import { Face } from "../lib/face.js";
import { Opens } from "./figures.js";
import { Scroller } from "./lists.js";

const SHOWN = 5;
/** The published grades in the order of their letters, each with the class of its colour. */
const CLASSES = { A: "good", B: "fine", C: "poor", none: "bad" };

/** @param {{cafeterias: any, words: any, still: boolean, open: Function}} props */
export function Cafeterias({ cafeterias, words, still, open }) {
  if (!cafeterias) return html`<p class="nothing">${words.t("waiting")}</p>`;
  const { annual, dynamic, grades, red, black, drops } = cafeterias;
  const gradeName = (grade) => grades[grade]?.[words.language] ?? words.t("cafeterias.no_grade");
  const listed = [
    ...drops.slice(0, SHOWN).map((item) => ({ ...item, tag: "drop", text: `${gradeName(item.before)} → ${gradeName(item.now)}` })),
    ...black.slice(0, SHOWN).map((item) => ({ ...item, tag: "black", text: verdict(item, gradeName, words) })),
    ...red.slice(0, SHOWN).map((item) => ({ ...item, tag: "red", text: verdict(item, gradeName, words) })),
  ];
  return html`<div class="cafeterias">
    <div class="letters">
      ${Object.entries(annual).map(([letter, figure]) => {
        const name = letter === "none" ? words.t("cafeterias.no_grade") : letter;
        return html`<${Opens} key=${letter} list=${figure.list} open=${open} class="letter letter-${CLASSES[letter] ?? "bad"}"
          label=${`${words.t("cafeterias.annual")} ${name}`}>
          <b data-figure=${`annual-${letter}`}>${words.n(figure.value)}</b><span class=${letter === "none" ? "" : "big"}>${name}</span>
        <//>`;
      })}
    </div>
    <div class="faces">
      ${Object.entries(dynamic).map(([grade, figure]) => html`<${Opens} key=${grade} list=${figure.list} open=${open} class="face-count"
        label=${`${words.t("cafeterias.dynamic")} ${gradeName(grade)}`}>
        <${Face} icon=${grades[grade]?.icon} size=${22} /><span>${gradeName(grade)}</span><b>${words.n(figure.value)}</b>
      <//>`)}
    </div>
    ${listed.length ? html`<${Scroller} name="credit" still=${still} top=${listed[0].id + listed[0].tag}>
      ${listed.map((item) => html`<li key=${item.tag + item.id} class="credit-line credit-${item.tag}">
        <${Opens} list=${item.list} label=${words.name(item)} open=${open}>
          <span class="tag">${words.t(`cafeterias.${item.tag}`)}</span>
          <span class="credit-name">${words.name(item)}</span>
          <span class="credit-text">${item.text}</span>
        <//>
      </li>`)}
    <//>` : html`<p class="nothing">${words.t("cafeterias.none")}</p>`}
  </div>`;
}

function verdict(item, gradeName, words) {
  if (item.tag === "black" && item.reasons?.length) return item.reasons.map((reason) => reason[words.language]).join(" · ");
  if (item.tag === "red" || item.average) return words.t("cafeterias.average", { score: item.average ?? item.score });
  return item.score ? `${gradeName(item.grade)} ${item.score}` : gradeName(item.grade);
}
