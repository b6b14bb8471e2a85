/** @file Silence for one device: its alerts go on, nobody is told of them until then. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { SILENCES, silenceEnd } from "./queue.js";

/** @param {{alert: any, words: any, now: number, timezone: string | undefined, busy: boolean,
 *   silence: (body: object) => void, leave: () => void}} props */
export function Silence({ alert, words, now, timezone, busy, silence, leave }) {
  const why = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [lasting, setLasting] = useState(SILENCES[0]);
  const [own, setOwn] = useState("");
  useEffect(() => why.current?.focus(), []);
  const end = lasting === "own" ? new Date(own) : silenceEnd(lasting, now, midnight(now, timezone));
  const known = !Number.isNaN(end.getTime());
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const what = alert.device ? { device: alert.device } : { rule: alert.rule };
    const match = given.get("what") === "kind" ? { ...what, kind: alert.kind } : what;
    silence({ school: alert.school, match, ends_at: end.toISOString(), comment: String(given.get("comment")).trim() });
  };
  return html`<form class="sheet-form" data-form="silence" onSubmit=${submit}>
    <p class="muted">${words.t("silence.means")}</p>
    ${alert.severity === "critical" && html`<p class="trouble">${words.t("silence.critical")}</p>`}
    <fieldset class="picks"><legend>${words.t("silence.lasting")}</legend>
      ${[...SILENCES, "own"].map((one) => html`<label key=${one} class="pick"><input type="radio" name="lasting" value=${one}
        checked=${one === lasting} onChange=${() => setLasting(one)} /><span>${words.t(`silence.for_${one}`)}</span></label>`)}
    </fieldset>
    ${lasting === "own" && html`<label>${words.t("silence.end")}<input type="datetime-local" name="end" required value=${own}
      onInput=${(event) => setOwn(event.target.value)} /></label>`}
    <fieldset class="picks"><legend>${words.t("silence.what")}</legend>
      <label class="pick"><input type="radio" name="what" value="all" checked /><span>${words.t(alert.device ? "silence.device" : "silence.rule",
        { name: alert.device ?? words.title(alert) })}</span></label>
      ${alert.device && html`<label class="pick"><input type="radio" name="what" value="kind" /><span>${words.t("silence.kind", { kind: words.kind(alert.kind) })}</span></label>`}
    </fieldset>
    <label>${words.t("silence.comment")}<input type="text" name="comment" required maxlength="1000" ref=${why}
      placeholder=${words.t("silence.comment_hint")} /></label>
    <div class="buttons"><button class="main" data-do="silence-now" disabled=${busy || !known}>
      ${known ? words.t("silence.now", { time: words.moment.format(end) }) : words.t("desk.silence")}</button>
      <button type="button" onClick=${leave}>${words.t("desk.cancel")}</button></div>
  </form>`;
}

/** The end of the day on the county's clock. @param {number} now milliseconds @param {string | undefined} timezone */
function midnight(now, timezone) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(new Date(now));
  const of = (type) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return Math.floor(now / 1000) * 1000 + (86_400 - of("hour") * 3600 - of("minute") * 60 - of("second")) * 1000;
}
