/** @file Where the visit stands: face, score and grade of what is answered so far. */
import { html } from "../lib/dom.js";
import { Face } from "../lib/face.js";

/** @param {{score: import("./scoring.js").Standing | null, open: number, of: number, words: any}} props */
export function Standing({ score, open, of, words }) {
  const done = of - open;
  const grade = score?.band?.labels[words.language] ?? (score?.override ? words.t("cafeterias.no_grade") : "");
  const tone = open ? "open" : score?.band?.letter ?? "none";
  return html`<div class="standing standing-${tone}" data-standing=${score?.band?.grade ?? score?.override?.reason ?? ""}>
    ${score?.value || score?.override ? html`<${Face} icon=${score.band?.icon} size=${40} />` : null}
    <div><p aria-live="polite"><b data-live-score>${score?.value ?? "–"}</b> <span>${grade && open ? words.t("inspect.so_far") : grade}</span></p>
      <div class="standing-bar"><progress max=${of} value=${done} aria-hidden="true"></progress><small data-count>${words.t("inspect.answered", { n: done, of })}</small></div></div>
  </div>`;
}
