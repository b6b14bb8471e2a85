/** @file The turn of the shift: what the last one left, what this one leaves, and the notes of the days before. */
import { API, SignedOut } from "../lib/api.js";
import { html, useState } from "../lib/dom.js";
import { onceKey, post } from "../lib/write.js";
import { Mark } from "../screen/marks.js";
import { LEVELS } from "./queue.js";
import { useReading } from "./reading.js";

const BEFORE = 10;
const ALERTS = 12;

/** @param {any} props `waiting`: notes that nobody has taken, with `again` to read them anew */
export function Handover({ words, person, schools, waiting, again, choose, back, mayHandle, signedOut }) {
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const [kept, setKept] = useState(0);
  const { body: before, again: readBefore } = useReading(`${API}/handovers?waiting=false&limit=${BEFORE}`, kept, signedOut);
  const carryOut = async (path, body, headers = {}) => {
    setBusy(true);
    setTrouble("");
    try {
      const done = await post(path, body, headers);
      setKept(done.id);
      return done;
    } catch (error) {
      if (error instanceof SignedOut) signedOut();
      else setTrouble(words.t("desk.failed", { why: error.message }));
      return null;
    } finally {
      setBusy(false);
      again();
      readBefore();
    }
  };
  const take = (note) => carryOut(`${API}/handovers/${note.id}/take`, {});
  const shared = { words, schools, choose };
  return html`<article class="handover">
    <button type="button" class="back" onClick=${back}>← ${words.t("desk.back")}</button>
    <h2>${words.t("handover.title")}</h2>
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    ${waiting.map((note) => html`<${Note} key=${note.id} note=${note} ...${shared}>
      ${mayHandle && html`<button type="button" class="main" data-do="take" disabled=${busy} onClick=${() => take(note)}>${words.t("handover.take")}</button>`}
    <//>`)}
    ${mayHandle && html`<${Writing} words=${words} person=${person} schools=${schools} busy=${busy} carryOut=${carryOut} signedOut=${signedOut} />`}
    <h3>${words.t("handover.before")}</h3>
    ${before?.items.length ? before.items.map((note) => html`<${Note} key=${note.id} note=${note} folded=${true} ...${shared} />`)
      : html`<p class="muted">${words.t(before ? "list.empty" : "waiting")}</p>`}
  </article>`;
}

function Note({ note, words, schools, choose, folded = false, children = null }) {
  const moment = (time) => words.moment.format(new Date(time));
  const desk = note.school ? words.name(schools.get(note.school)) || note.school : words.t("handover.county");
  return html`<section class="note ${note.taken_at ? "" : "note-waiting"}" data-note=${note.id}>
    <p class="note-head"><b>${note.written_by}</b><time datetime=${note.written_at}>${moment(note.written_at)}</time><span class="chip">${desk}</span>
      ${note.taken_at && html`<small>${words.t("handover.taken", { name: note.taken_by, time: moment(note.taken_at) })}</small>`}</p>
    <p class="note-text">${note.note}</p>
    ${folded ? html`<details><summary><${Counts} open=${note.open} words=${words} /></summary><${Standing} open=${note.open} words=${words} schools=${schools} choose=${choose} /></details>`
      : html`<${Counts} open=${note.open} words=${words} /><${Standing} open=${note.open} words=${words} schools=${schools} choose=${choose} />`}
    ${children}
  </section>`;
}

function Counts({ open, words }) {
  const total = LEVELS.reduce((sum, level) => sum + (open.by_severity[level] ?? 0), 0);
  return html`<span class="counts"><b>${words.t("handover.open", { n: total })}</b>
    ${LEVELS.filter((level) => open.by_severity[level]).map((level) => html`<span key=${level} class="counted"><${Mark} severity=${level} size=${16} />${open.by_severity[level]}</span>`)}
    ${open.unacknowledged > 0 && html`<span class="counted">${words.t("handover.unacknowledged", { n: open.unacknowledged })}</span>`}
    ${open.silences.length > 0 && html`<span class="counted">${words.t("handover.silences", { n: open.silences.length })}</span>`}
    ${open.duties_overdue > 0 && html`<span class="counted">${words.t("handover.duties", { n: open.duties_overdue })}</span>`}
    ${open.rectifications_overdue > 0 && html`<span class="counted">${words.t("handover.rectifications", { n: open.rectifications_overdue })}</span>`}
  </span>`;
}

function Standing({ open, words, schools, choose }) {
  return html`<ol class="before">
    ${open.alerts.slice(0, ALERTS).map((alert) => html`<li key=${alert.id}><button type="button" onClick=${() => choose(alert)}>
      <${Mark} severity=${alert.severity} size=${16} /><time datetime=${alert.raised_at}>${words.moment.format(new Date(alert.raised_at))}</time>
      <span>${words.title(alert)} · ${words.name(schools.get(alert.school)) || alert.school}</span>
      <small>${alert.acknowledged_by ? words.t("state.acknowledged_by", { name: alert.acknowledged_by }) : words.t("state.open")}</small>
    </button></li>`)}
    ${open.silences.map((one) => html`<li key=${`s${one.id}`} class="muted">${words.t("handover.silence", {
      what: Object.values(one.match).flat().join(" ") || "–", time: words.moment.format(new Date(one.ends_at)), why: one.comment })}</li>`)}
  </ol>`;
}

function Writing({ words, person, schools, busy, carryOut, signedOut }) {
  const [note, setNote] = useState("");
  const [desk, setDesk] = useState(person.every_school ? "" : person.schools[0] ?? "");
  const [key, setKey] = useState(onceKey);
  const asked = desk ? `?school=${encodeURIComponent(desk)}` : "";
  const { body: standing } = useReading(`${API}/handovers/standing${asked}`, busy, signedOut);
  const keep = async (event) => {
    event.preventDefault();
    const done = await carryOut(`${API}/handovers`, { note: note.trim(), school: desk || null }, key);
    if (!done) return;
    setNote("");
    setKey(onceKey());
  };
  const desks = person.every_school ? [...schools.keys()] : person.schools;
  return html`<form class="sheet-form" data-form="handover" onSubmit=${keep}>
    <label>${words.t("handover.note")}<textarea name="note" rows="4" maxlength="4000" required value=${note} placeholder=${words.t("handover.hint")}
      onInput=${(event) => setNote(event.target.value)}></textarea></label>
    ${(person.every_school || desks.length > 1) && html`<label>${words.t("handover.desk")}
      <select name="desk" value=${desk} onChange=${(event) => setDesk(event.target.value)}>
        ${person.every_school && html`<option value="">${words.t("handover.county")}</option>`}
        ${desks.map((code) => html`<option key=${code} value=${code}>${words.name(schools.get(code)) || code}</option>`)}
      </select></label>`}
    ${standing && html`<p class="attached"><small>${words.t("handover.attached")}</small> <${Counts} open=${standing} words=${words} /></p>`}
    <div class="buttons"><button class="main" data-do="hand-over" disabled=${busy || !note.trim()}>${words.t("handover.keep")}</button></div>
  </form>`;
}
