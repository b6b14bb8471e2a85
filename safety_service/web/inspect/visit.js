/** @file One visit: the checklist with large buttons, kept on the phone at each tap, its score at hand. */
import { html, useEffect, useMemo, useRef, useState } from "../lib/dom.js";
import { Facts } from "./facts.js";
import { Finish } from "./finish.js";
import { dayIn } from "./days.js";
import { Item } from "./item.js";
import { keptForm, renewForm } from "./known.js";
import { Pad } from "./pad.js";
import { shrunk } from "./photo.js";
import { SIGNERS, answered, edited, gaps, reasonsOf, signed, submitted, withPhoto, withoutPhoto } from "./record.js";
import { standing } from "./scoring.js";
import { Standing } from "./standing.js";

/** @param {any} props */
export function Visit({ first, words, person, cafeteria, scheme, schemes, timezone, owed, keep, session, done, leave }) {
  const { visit, edit, kept } = useDraft(keep, first);
  const form = useForm(keep, person.name, cafeteria, scheme.id, session);
  const [finishing, setFinishing] = useState(false);
  const { items: graded, outside_grade: beside, sections } = scheme.checklist;
  const items = useMemo(() => [...graded, ...(beside?.items ?? [])], [scheme]);
  const now = () => new Date().toISOString();
  const score = visit.date ? standing(scheme, visit.date, cafeteria, visit.answers) : null;
  const open = gaps(visit, graded, items, dayIn(timezone));
  const reasons = reasonsOf(visit);
  const change = (news) => edit((one) => edited(one, news, now()));
  const shoot = (code) => async (taken) => {
    for (const file of taken) {
      const { note, bytes } = await shrunk(file);
      await edit((one) => withPhoto(one, code, note, now()), [{ ...note, bytes }]);
    }
  };
  const sign = (who) => ({ note, bytes }) => edit((one) => signed(one, who, note, now()), [{ ...note, bytes }]);
  const onward = () => {
    if (open.unanswered.length) goTo(open.unanswered[0]);
    else setFinishing(true);
  };
  const send = async () => {
    const waiting = await edit((one) => submitted(one, items, shortly(score), now()));
    if (waiting?.state === "waiting") done(waiting);
  };
  const startOver = async () => {
    if (!confirm(words.t("inspect.discard_sure"))) return;
    await keep.drop(visit.id);
    leave();
  };
  const line = (item) => html`<${Item} key=${item.code} item=${item} words=${words} given=${visit.answers[item.code]} files=${visit.files}
    last=${form?.previous[item.code]} owed=${owed[item.code]} reasons=${reasons.filter(({ code }) => code === item.code)} date=${visit.date}
    parts=${item.section !== null && scheme.checklist.absent_item === "rescale"} answer=${(news) => edit((one) => answered(one, item.code, news, now()))} shoot=${shoot(item.code)}
    unshoot=${(sha256) => edit((one) => withoutPhoto(one, item.code, sha256, now()))} />`;
  const group = (title, members) => html`<section key=${title}><h3>${title}</h3>${members.map(line)}</section>`;
  const caption = (name) => [words.name(cafeteria), name, visit.date].filter(Boolean).join(" · ");
  const note = (label) => html`<label class="visit-note">${words.t(label)}<textarea name="note" rows="3" maxlength="4000" value=${visit.note}
    onInput=${(event) => change({ note: event.target.value })}></textarea></label>`;
  const may = person.rights.includes("inspections:submit");
  return html`<main class="inspect visit" data-visit=${visit.id}>
    <div class="visit-head"><button type="button" class="plain" onClick=${leave}>‹ ${words.t("inspect.other")}</button>
      <h2>${words.name(cafeteria) || cafeteria.id}</h2><small>${scheme.title[words.language]}</small></div>
    ${visit.corrects && html`<p class="notice">${words.t("inspect.correcting", { n: visit.corrects })}</p>${note("inspect.why_corrected")}`}
    ${visit.refused && html`<${Refused} visit=${visit} reasons=${reasons} words=${words} />`}
    ${visit.version !== scheme.version && html`<p class="trouble">${words.t("inspect.other_version")}</p>`}
    ${!may && html`<p class="trouble">${words.t("inspect.read_only")}</p>`}
    <${Facts} visit=${visit} schemes=${schemes} today=${dayIn(timezone)} change=${change} wrong=${open.date || reasons.some(({ code }) => !code)} words=${words} />
    ${sections.map((section, index) => group(`${index + 1} ${section[words.language]}`, graded.filter((item) => item.section === index + 1)))}
    ${beside && group(words.t("inspect.beside", { name: beside.labels[words.language] }), beside.items)}
    <datalist id="owners">${ownersOf(visit).map((name) => html`<option key=${name} value=${name} />`)}</datalist>
    <section><h3>${words.t("inspect.close")}</h3>
      ${!visit.corrects && note("inspect.note")}
      ${SIGNERS.map((who) => html`<${Pad} key=${who} name=${who} caption=${caption(who === "inspector" ? visit.inspector : words.t("inspect.sign.canteen"))}
        thumb=${visit.files[visit.signatures[who]]?.thumb} locked=${false} words=${words} signed=${sign(who)} wiped=${() => edit((one) => signed(one, who, null, now()))} />`)}
      <button type="button" class="discard" data-do="discard" onClick=${startOver}>${words.t("inspect.discard")}</button></section>
    <footer class="send">
      ${!kept && html`<p class="trouble" role="alert">${words.t("inspect.not_kept")}</p>`}
      <div class="send-line"><${Standing} score=${score} open=${open.unanswered.length} of=${graded.length} words=${words} />
        <button type="button" class="main" data-do=${open.unanswered.length ? "next" : "submit"} disabled=${!may} onClick=${onward}>
          ${words.t(open.unanswered.length ? "inspect.next_open" : "inspect.submit", { n: open.unanswered.length })}</button></div>
    </footer>
    ${finishing && html`<${Finish} visit=${visit} open=${open} score=${score} words=${words} send=${send} back=${() => setFinishing(false)}
      goTo=${(code) => { setFinishing(false); setTimeout(goTo, 0, code); }} />`}
  </main>`;
}

/** The visit in hand. Two taps may come before the page is drawn again: each builds on the newest, not on the drawn one. */
function useDraft(keep, first) {
  const [visit, setVisit] = useState(first);
  const [kept, setKept] = useState(true);
  const newest = useRef(first);
  const open = useRef(0);
  const take = (next) => {
    newest.current = next;
    setVisit(next);
  };
  useEffect(() => keep.watch(async (id) => {
    if (id !== first.id || open.current) return;
    // Another tab changed it.
    const there = await keep.visit(id);
    if (there && !open.current) take(there);
  }), []);
  const edit = async (change, files = []) => {
    take(change(newest.current));
    open.current += 1;
    try {
      const there = await keep.update(first.id, change, { seed: first, files });
      if (open.current === 1) take(there);
      setKept(true);
      return there;
    } catch {
      setKept(false);
      return null;
    } finally {
      open.current -= 1;
    }
  };
  return { visit, edit, kept };
}

/** What the last visit found: as it was kept at once, then as the service knows it now. */
function useForm(keep, person, cafeteria, scheme, session) {
  const [form, setForm] = useState(/** @type {any} */ (null));
  useEffect(() => { keptForm(keep, person, cafeteria.id, scheme).then((found) => found && setForm((before) => before ?? found)).catch(() => {}); }, [scheme]);
  useEffect(() => {
    if (session === "in") renewForm(keep, person, cafeteria, scheme).then(setForm).catch(() => {});
  }, [session, scheme]);
  return form;
}

function Refused({ visit, reasons, words }) {
  return html`<div class="trouble" role="alert" data-refused>
    <p>${words.t("inspect.refused", { why: visit.refused.detail })}</p>
    <ul>${reasons.map(({ code, field, reason }) => html`<li>${code
      ? html`<button type="button" class="plain" data-to=${code} onClick=${() => goTo(code)}>${code}</button>`
      : html`<code>${field}</code>`} ${code && field && html`<code>${field}</code> `}${reason}</li>`)}</ul>
  </div>`;
}

/** @param {string} code */
function goTo(code) {
  const item = document.getElementById(`item-${code}`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  item?.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  item?.querySelector("button")?.focus({ preventScroll: true });
}

const ownersOf = (visit) => [...new Set(Object.values(visit.answers).map(({ owner }) => owner?.trim()).filter(Boolean))];

const shortly = (score) => score && { value: score.value, grade: score.band?.grade ?? null, icon: score.band?.icon ?? null,
  labels: score.band?.labels ?? score.override?.labels ?? null };
