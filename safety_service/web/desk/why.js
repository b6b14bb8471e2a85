/** @file Why the alert is there in one sentence, what holds it back, and who was told. */
import { API } from "../lib/api.js";
import { html } from "../lib/dom.js";
import { Sign } from "./marks.js";
import { causeOf, covers } from "./queue.js";
import { useReading } from "./reading.js";

const SIGNS = { delivered: "told", waiting: "waiting", failed: "failed", withheld: "quiet" };
const SHOWN = 8;

/** @param {{why: any, words: any}} props */
export function Why({ why, words }) {
  if (!why) return null;
  return html`<p class="why" data-why><b>${words.t("desk.why")}</b>${why.summary[words.language] ?? why.summary.zh}</p>`;
}

/** What holds the alert's messages back now, or will hold back the next of its kind.
 * @param {{alert: any, silences: any[], words: any, mayHandle: boolean, busy: boolean, endSilence: (number: number) => void,
 *   signedOut: () => void}} props `silences`: those that stand */
export function Suppressed({ alert, silences, words, mayHandle, busy, endSilence, signedOut }) {
  const cause = causeOf(alert.suppressed_by);
  const window = cause?.type === "maintenance" ? `${API}/maintenance-windows/${cause.of}` : "";
  const { body: maintenance } = useReading(window, alert.suppressed_by, signedOut);
  const silence = silences.find((one) => String(one.id) === cause?.of && cause.type === "silence") ?? silences.find((one) => covers(one, alert));
  if (alert.closed_at || !(cause || silence)) return null;
  const quiet = cause && cause.type !== "silence" ? maintenance : silence;
  const until = quiet && !quiet.recurrence && words.moment.format(new Date(quiet.ends_at));
  return html`<div class="held-back" data-held=${cause?.type ?? "silence"}>
    <${Sign} name="quiet" size=${22} />
    <p><b>${cause ? words.t("desk.held_back", { why: words.suppressed(alert.suppressed_by) }) : words.t("desk.silenced")}</b>
      ${quiet && html`<span>${quiet.comment}</span>
        <small>${[quiet.created_by, until && words.t("desk.until", { time: until })].filter(Boolean).join(" · ")}</small>`}</p>
    ${silence && quiet === silence && mayHandle && html`<button type="button" data-do="unsilence" disabled=${busy}
      onClick=${() => endSilence(silence.id)}>${words.t("desk.silence_end")}</button>`}
  </div>`;
}

/** @param {{why: any, words: any}} props */
export function Told({ why, words }) {
  if (!why) return html`<p class="muted">${words.t("waiting")}</p>`;
  const { items, by_state: counts } = why.told;
  if (!items.length) return html`<p class="muted" data-told="nobody">${words.t("desk.told_nobody")}</p>`;
  const rest = Object.values(counts).reduce((sum, count) => sum + count, 0) - Math.min(items.length, SHOWN);
  return html`<ul class="told">
    ${items.slice(0, SHOWN).map((one) => html`<li key=${one.id} class="told-${one.state}" data-told=${one.state} title=${one.answer ?? ""}>
      <${Sign} name=${SIGNS[one.state]} size=${16} />
      <span>${one.recipient && one.recipient !== one.channel ? `${one.recipient} · ${one.channel}` : one.channel}</span>
      <small>${words.t(`told.${one.state}`)} ${words.moment.format(new Date(one.delivered_at ?? one.created_at))}</small>
      ${one.state === "failed" && one.answer && html`<small class="told-answer">${one.answer}</small>`}
    </li>`)}
    ${rest > 0 && html`<li class="muted">${words.t("desk.told_more", { n: rest })}</li>`}
  </ul>`;
}
