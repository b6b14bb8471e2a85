/** @file One visit: the checklist with large buttons, kept at each tap, sent once. */
import { API, SignedOut } from "../lib/api.js";
import { html, useRef, useState } from "../lib/dom.js";
import { Refusal, post } from "../lib/write.js";
import { RESULTS, bodyOf, dropDraft, emptyDraft, loadDraft, newKey, saveDraft, today } from "./draft.js";

/** Answers after which the service certainly holds nothing of what was sent under this key. */
const FINAL = new Set([404, 409, 413, 422]);

/** @param {any} props */
export function Visit({ words, person, cafeteria, scheme, timezone, signedOut, done, leave }) {
  const [draft, setDraft] = useState(() => loadDraft(person.name, cafeteria.id)
    ?? emptyDraft(scheme.version, today(timezone), person.name));
  const [kept, setKept] = useState(true);
  const [refused, setRefused] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const { items, outside_grade: beside, sections } = scheme.checklist;
  const every = [...items, ...(beside?.items ?? [])];
  const answered = items.filter((item) => draft.answers[item.code]).length;
  const locked = busy || Boolean(draft.sent);

  // Two taps may come before the page is drawn again: each builds on the newest draft, not on the drawn one.
  const newest = useRef(draft);
  const put = (next) => {
    newest.current = next;
    setDraft(next);
  };
  const keep = (news) => {
    put({ ...newest.current, ...news });
    setKept(saveDraft(person.name, cafeteria.id, newest.current));
  };
  const answer = (code, news) => {
    const { answers } = newest.current;
    keep({ answers: { ...answers, [code]: { ...answers[code], ...news } } });
  };
  const submit = async () => {
    if (sending.current) return;
    sending.current = true;
    // What left the phone unanswered goes again as it was, under its key: the service then knows it as the same.
    const before = newest.current.sent;
    const sent = before ?? { key: newKey(), body: bodyOf(scheme.id, every, newest.current) };
    keep({ sent });
    setBusy(true);
    setRefused(null);
    try {
      const result = await post(`${API}/cafeterias/${encodeURIComponent(cafeteria.id)}/inspections`, sent.body, { "Idempotency-Key": sent.key });
      dropDraft(person.name, cafeteria.id);
      done(result);
    } catch (error) {
      setBusy(false);
      if (error instanceof Refusal) keep({ sent: FINAL.has(error.status) ? null : before });
      if (error instanceof SignedOut) {
        keep({ sent: before });
        signedOut();
      } else setRefused(error);
    } finally {
      sending.current = false;
    }
  };
  const startOver = () => {
    if (!confirm(words.t("inspect.discard_sure"))) return;
    dropDraft(person.name, cafeteria.id);
    put(emptyDraft(scheme.version, today(timezone), person.name));
    setRefused(null);
  };
  const group = (title, members) => html`<section key=${title}>
    <h3>${title}</h3>
    ${members.map((item) => html`<${Item} key=${item.code} item=${item} words=${words} given=${draft.answers[item.code]}
      answer=${(news) => answer(item.code, news)} />`)}
  </section>`;
  const may = person.rights.includes("inspections:submit");
  return html`<main class="inspect visit">
    <div class="visit-head"><button type="button" onClick=${leave}>← ${words.t("inspect.other")}</button>
      <h2>${words.name(cafeteria) || cafeteria.id}</h2><small>${scheme.title[words.language]}</small></div>
    ${draft.version !== scheme.version && html`<p class="trouble">${words.t("inspect.other_version")}</p>`}
    <fieldset disabled=${locked}>
      <div class="visit-facts">
        <label>${words.t("inspect.date")}<input type="date" name="date" value=${draft.date} onInput=${(event) => keep({ date: event.target.value })} /></label>
        <label>${words.t("inspect.inspector")}<input name="inspector" maxlength="100" value=${draft.inspector} onInput=${(event) => keep({ inspector: event.target.value })} /></label>
      </div>
      ${sections.map((section, index) => group(`${index + 1} ${section[words.language]}`, items.filter((item) => item.section === index + 1)))}
      ${beside && group(words.t("inspect.beside", { name: beside.labels[words.language] }), beside.items)}
      <label class="visit-note">${words.t("inspect.note")}<textarea name="note" rows="3" maxlength="4000" value=${draft.note}
        onInput=${(event) => keep({ note: event.target.value })}></textarea></label>
      <button type="button" class="discard" data-do="discard" onClick=${startOver}>${words.t("inspect.discard")}</button>
    </fieldset>
    <footer class="send">
      ${refused && html`<${Trouble} error=${refused} words=${words} waiting=${Boolean(draft.sent)} />`}
      ${!kept && html`<p class="trouble">${words.t("inspect.not_kept")}</p>`}
      ${!may && html`<p class="trouble">${words.t("inspect.read_only")}</p>`}
      <div class="send-line">
        <progress max=${items.length} value=${answered} aria-hidden="true"></progress>
        <span data-count>${words.t("inspect.answered", { n: answered, of: items.length })}</span>
        <button type="button" class="main" data-do="submit" disabled=${busy || !may || (!draft.sent && answered < items.length)} onClick=${submit}>
          ${words.t(busy ? "inspect.sending" : draft.sent ? "inspect.send_again" : "inspect.submit")}</button>
      </div>
    </footer>
  </main>`;
}

function Item({ item, given, answer, words }) {
  return html`<div class="item" data-item=${item.code}>
    <p><b class="code">${item.code}</b> ${item.key && html`<em class="key">${words.t("inspect.key_item")}</em> `}${item.labels[words.language]}</p>
    <div class="answers" role="group" aria-label=${item.code}>
      ${RESULTS.map((result) => html`<button key=${result} type="button" class="answer answer-${result}" data-result=${result}
        aria-pressed=${given?.result === result} onClick=${() => answer({ result })}>${words.t(`inspect.${result}`)}</button>`)}
    </div>
    ${given?.result === "fail" && html`<textarea name=${`note-${item.code}`} rows="2" maxlength="2000" value=${given.note ?? ""}
      placeholder=${words.t("inspect.fail_note")} aria-label=${words.t("inspect.fail_note")} onInput=${(event) => answer({ note: event.target.value })}></textarea>`}
  </div>`;
}

function Trouble({ error, words, waiting }) {
  return html`<div class="trouble" role="alert">
    <p>${words.t(waiting ? "inspect.unanswered" : "inspect.refused", { why: error.message })}</p>
    ${error.problems?.length > 0 && html`<ul>${error.problems.map(({ place, reason }) => html`<li><code>${place}</code> ${reason}</li>`)}</ul>`}
  </div>`;
}
