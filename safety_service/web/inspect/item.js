/** @file One line of the checklist: three large buttons, what was found last time, and what a failure asks for. */
import { html, useState } from "../lib/dom.js";
import { addDays } from "./days.js";
import { RESULTS } from "./record.js";

const DUE_DAYS = [0, 3, 7, 30];
/** Parts of a failed item's points that can be given: quarters, so that every published allocation divides. */
const PARTS = [0, 0.25, 0.5, 0.75];

/**
 * @param {{item: any, given: any, files: Record<string, any>, last: any, owed: import("./known.js").Owed | undefined, reasons: any[], date: string, parts: boolean, words: any,
 *   answer: (news: any) => void, shoot: (files: FileList) => Promise<void>, unshoot: (sha256: string) => void}} props
 *  `parts`: whether a failed item may earn a part of its points
 */
export function Item({ item, given, files, last, owed, reasons, date, parts, words, answer, shoot, unshoot }) {
  const [more, setMore] = useState(false);
  const { result } = given ?? {};
  const failed = result === "fail";
  const full = failed || more || Boolean(given?.note || given?.photos?.length);
  return html`<div class="item ${result ? `item-${result}` : ""}" data-item=${item.code} id=${`item-${item.code}`}>
    <div class="item-head"><p class="item-text"><b class="code">${item.code}</b> ${item.key && html`<em class="key">${words.t("inspect.key_item")}</em> `}${item.labels[words.language]}</p>
      ${!full && html`<button type="button" class="plain more" data-do="more" title=${words.t("inspect.add_more")} aria-label=${`${item.code}: ${words.t("inspect.add_more")}`}
        onClick=${() => setMore(true)}><${Camera} /></button>`}</div>
    ${last && html`<p class="last last-${last.result}" data-last=${last.result}>${words.t("inspect.last_time")} <b>${words.t(`inspect.${last.result}`)}</b>
      ${last.date && html` <small>${last.date}</small>`}${last.note && html`<span>${last.note}</span>`}</p>`}
    ${owed && html`<p class="last last-open" data-owed=${owed.status}>${words.t(owed.status === "done" ? "inspect.owed_done" : "inspect.owed", { due: owed.due_on })}
      ${owed.owner && html` <small>${owed.owner}</small>`}</p>`}
    ${reasons.map(({ field, reason }) => html`<p class="reason" role="alert">${field && html`<code>${field}</code> `}${reason}</p>`)}
    <div class="answers" role="group" aria-label=${`${item.code} ${item.labels[words.language]}`}>
      ${RESULTS.map((one) => html`<button key=${one} type="button" class="answer answer-${one}" data-result=${one}
        aria-pressed=${result === one} onClick=${() => answer({ result: one })}>${words.t(`inspect.${one}`)}</button>`)}
    </div>
    ${failed && html`<${Failure} item=${item} given=${given} date=${date} parts=${parts} answer=${answer} words=${words} />`}
    ${full && html`<textarea name=${`note-${item.code}`} rows="2" maxlength="2000" value=${given?.note ?? ""}
        placeholder=${words.t(failed ? "inspect.fail_note" : "inspect.item_note")} aria-label=${words.t(failed ? "inspect.fail_note" : "inspect.item_note")}
        onInput=${(event) => answer({ note: event.target.value })}></textarea>
      <${Photos} code=${item.code} photos=${given?.photos ?? []} files=${files} shoot=${shoot} unshoot=${unshoot} words=${words} />`}
  </div>`;
}

const Camera = () => html`<svg class="camera" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M4 8h3l2-3h6l2 3h3v11H4z" /><circle cx="12" cy="13" r="3.6" /></svg>`;

function Failure({ item, given, date, parts, answer, words }) {
  const choice = (days) => {
    const day = addDays(date, days);
    const name = days ? words.t("inspect.due_in", { n: days }) : words.t("inspect.due_today");
    return html`<button key=${days} type="button" class="small" aria-pressed=${given.due === day} onClick=${() => answer({ due: day })}>${name}</button>`;
  };
  const points = (part) => String(part * Number(item.points));
  return html`<div class="failure">
    <label>${words.t("inspect.owner")}<input name=${`owner-${item.code}`} maxlength="100" list="owners" autocomplete="off" value=${given.owner ?? ""}
      onInput=${(event) => answer({ owner: event.target.value })} /></label>
    <label>${words.t("inspect.due")}<input type="date" name=${`due-${item.code}`} min=${date} value=${given.due ?? ""}
      onInput=${(event) => answer({ due: event.target.value })} /></label>
    <div class="due-choices" role="group" aria-label=${words.t("inspect.due")}>${DUE_DAYS.map(choice)}</div>
    ${parts && html`<label class="points">${words.t("inspect.points", { of: item.points })}
      <select name=${`points-${item.code}`} value=${given.points ?? "0"} onChange=${(event) => answer({ points: event.target.value })}>
        ${PARTS.map((part) => html`<option key=${part} value=${points(part)}>${points(part)}</option>`)}</select></label>`}
  </div>`;
}

function Photos({ code, photos, files, shoot, unshoot, words }) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const take = async (event) => {
    const { files: taken } = event.target;
    setBusy(true);
    setTrouble("");
    try {
      await shoot(taken);
    } catch (error) {
      setTrouble(words.t("inspect.photo_failed", { why: error.message }));
    }
    event.target.value = "";
    setBusy(false);
  };
  const drop = (sha256) => confirm(words.t("inspect.photo_drop_sure")) && unshoot(sha256);
  return html`<div class="photos">
    ${photos.map((sha256, index) => html`<button key=${sha256} type="button" class="photo" data-photo=${sha256}
      aria-label=${words.t("inspect.photo_drop", { n: index + 1 })} onClick=${() => drop(sha256)}><img src=${files[sha256]?.thumb} alt="" /><span aria-hidden="true">×</span></button>`)}
    <label class="photo-add ${busy ? "busy" : ""}"><input type="file" name=${`photo-${code}`} accept="image/*" multiple disabled=${busy} onChange=${take} />
      <${Camera} />
      ${words.t(busy ? "inspect.photo_busy" : "inspect.photo")}</label>
    ${trouble && html`<p class="reason" role="alert">${trouble}</p>`}
  </div>`;
}
