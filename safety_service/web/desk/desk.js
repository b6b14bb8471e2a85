/** @file The duty desk: the queue beside the alert in hand, the keyboard first. */
import { API, SignedOut } from "../lib/api.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib/dom.js";
import { end, onceKey, post } from "../lib/write.js";
import { Siren } from "../screen/sound.js";
import { pick } from "./closing.js";
import { Detail } from "./detail.js";
import { Feed } from "./feed.js";
import { Filter } from "./filter.js";
import { Handover } from "./handover.js";
import { Help } from "./help.js";
import { useKeys } from "./keys.js";
import { List } from "./list.js";
import { Sign } from "./marks.js";
import { usePlace } from "./place.js";
import { DISPOSITIONS, readFilters, shown, writeFilters } from "./queue.js";
import { useAlert, useReading, useSchools } from "./reading.js";

const EMPTY = { alerts: [], more: false, live: false, asOf: 0, trouble: "" };
const AGE_MS = 10_000;
const NOTES_MS = 60_000;
/** The pipeline marks what a silence holds back within a second or two. */
const MARKED_MS = 2500;
const LOUD = new Set(["raised", "severity_raised", "reopened"]);

/** @param {{words: any, person: any, timezone: string | undefined, signedOut: () => void}} props */
export function Desk({ words, person, timezone, signedOut }) {
  const [filters, setFilters] = useState(() => readFilters(location.search));
  const [place, go] = usePlace();
  const [form, setForm] = useState("");
  const [loud, setLoud] = useState(false);
  const siren = useMemo(() => new Siren(), []);
  const now = useNow();
  const schools = useSchools(signedOut);
  const heard = useRef(/** @type {(alert: any, transition: any) => void} */ (() => {}));
  const { queue, feed } = useQueue(filters, (alert, transition) => heard.current(alert, transition), signedOut);
  const { alert, missing, take } = useAlert(place.alert, queue.alerts, signedOut);
  const { body: notes, again: readNotes } = useReading(`${API}/handovers?waiting=true&limit=20`, Math.floor(now / NOTES_MS), signedOut);
  const { body: quiet, again: readQuiet } = useReading(`${API}/silences?standing=true&limit=500`, Math.floor(now / NOTES_MS), signedOut);
  heard.current = (news, transition) => {
    take(news);
    if (transition && LOUD.has(transition.change) && news.severity === "critical" && !news.suppressed_by) siren.sound();
  };

  const listed = useMemo(() => {
    const textOf = (one) => [words.title(one), one.device, words.zone(one.zone), one.zone, words.kind(one.kind), one.rule, one.school,
      words.name(schools.get(one.school)), one.acknowledged_by].filter(Boolean).join(" ");
    return shown(queue.alerts, filters, textOf);
  }, [queue.alerts, filters, schools, words]);
  const unclaimed = queue.alerts.filter((one) => !one.acknowledged_at && !one.closed_at).length;
  useEffect(() => { document.title = `${unclaimed ? `(${unclaimed}) ` : ""}${words.t("desk.title")}`; }, [unclaimed, words]);

  const choose = useCallback((one) => {
    setForm("");
    go({ alert: one?.id ?? 0 });
  }, []);
  const { busy, trouble, clear, carryOut, silence, endSilence } = useSteps({ words, feed, take, setForm, readQuiet, signedOut });
  useEffect(clear, [place.alert]);
  const mayHandle = person.rights.includes("alerts:handle");
  const acknowledge = (one) => mayHandle && !busy && !one.closed_at && !one.acknowledged_at && carryOut(one, "acknowledge");
  const toggle = async () => {
    if (loud) await siren.disable();
    setLoud(loud ? false : await siren.enable());
  };

  const at = listed.findIndex((one) => one.id === place.alert);
  const open = alert && !alert.closed_at && mayHandle;
  useKeys({
    j: () => choose(listed[Math.min(at + 1, listed.length - 1)] ?? alert),
    k: () => choose(listed[Math.max(at - 1, 0)] ?? alert),
    a: () => alert && !form && acknowledge(alert),
    c: () => open && setForm("close"),
    s: () => open && setForm("silence"),
    m: () => focus("[name=remark]"),
    h: () => go({ sheet: "handover" }),
    "/": () => focus("[name=q]"),
    "?": () => go({ sheet: "help" }),
    ...(form === "close" && Object.fromEntries(DISPOSITIONS.map((_, digit) => [String(digit + 1), () => pick(digit)]))),
    Escape: () => (form ? setForm("") : go({})),
  });

  const shared = { words, schools, now, signedOut, back: () => go({}) };
  return html`<main class="desk ${place.alert || place.sheet ? "has-chosen" : ""}">
    <section class="side">
      <nav class="tools">
        <button type="button" class=${notes?.items.length ? "due" : ""} data-do="handover" aria-current=${place.sheet === "handover" ? "true" : undefined}
          onClick=${() => go({ sheet: "handover" })}><${Sign} name="note" />${words.t("handover.title")}${notes?.items.length > 0 && html`<b>${notes.items.length}</b>`}</button>
        <button type="button" data-do="sound" aria-pressed=${loud} title=${words.t(loud ? "tool.sound_off" : "tool.sound_on")} onClick=${toggle}>
          <${Sign} name=${loud ? "sound" : "silent"} />${words.t(loud ? "desk.sound_on" : "desk.sound_off")}</button>
        <button type="button" class="for-keys" data-do="help" title=${words.t("desk.keyboard")} onClick=${() => go({ sheet: "help" })}><kbd>?</kbd></button>
      </nav>
      <${Filter} filters=${filters} change=${setFilters} schools=${schools} words=${words} queue=${queue} count=${listed.length} />
      <${List} queue=${queue} alerts=${listed} chosen=${place.alert} choose=${choose} schools=${schools} words=${words} now=${now}
        acknowledge=${mayHandle ? acknowledge : null} busy=${busy} closed=${filters.closed} />
    </section>
    <section class="hand">
      ${place.sheet === "handover" ? html`<${Handover} ...${shared} person=${person} waiting=${notes?.items ?? []} again=${readNotes}
        choose=${choose} mayHandle=${mayHandle} />`
      : place.sheet === "help" ? html`<${Help} ...${shared} />`
      : alert ? html`<${Detail} key=${alert.id} ...${shared} alert=${alert} silences=${quiet?.items ?? []} timezone=${timezone} mayHandle=${mayHandle} busy=${busy} trouble=${trouble}
        form=${form} setForm=${setForm} does=${{ carryOut, silence, endSilence }} choose=${choose} />`
      : missing ? html`<p class="trouble">${words.t("desk.unread", { why: missing })}</p>`
      : html`<p class="nothing">${words.t("desk.choose")}<small>${words.t("desk.keys")}</small></p>`}
    </section>
  </main>`;
}

/** The queue as the service tells it. Words and claims are looked for here, so only the rest asks anew.
 * @param {any} filters @param {(alert: any, transition: any) => void} heard @param {() => void} signedOut */
function useQueue(filters, heard, signedOut) {
  const [queue, setQueue] = useState(EMPTY);
  const feed = useRef(/** @type {Feed | null} */ (null));
  useEffect(() => {
    history.replaceState(history.state, "", location.pathname + writeFilters(filters, location.search));
  }, [filters]);
  useEffect(() => {
    setQueue(EMPTY);
    const started = new Feed(filters, setQueue, heard, signedOut);
    feed.current = started;
    started.start();
    return () => started.stop();
  }, [filters.severities.join(), filters.school, filters.closed]);
  return { queue, feed };
}

/** Carries out one step after the other and says why one was not done. @param {any} props */
function useSteps({ words, feed, take, setForm, readQuiet, signedOut }) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const sending = useRef(false);
  const attempt = async (write) => {
    if (sending.current) return false;
    sending.current = true;
    setBusy(true);
    setTrouble("");
    try {
      await write();
      setForm("");
      return true;
    } catch (error) {
      if (error instanceof SignedOut) signedOut();
      else setTrouble(words.t("desk.failed", { why: [error.message, ...(error.problems ?? []).map((one) => one.reason)].join(" · ") }));
      return false;
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  const later = () => {
    readQuiet();
    feed.current?.readSoon(MARKED_MS);
  };
  return {
    busy, trouble, clear: () => setTrouble(""),
    carryOut: (alert, step, body = {}) => attempt(async () => {
      const changed = await post(`${API}/alerts/${alert.id}/${step}`, body);
      take(changed);
      feed.current?.take(changed);
    }),
    silence: (body) => attempt(() => post(`${API}/silences`, body, onceKey()).then(later)),
    endSilence: (number) => attempt(() => end(`${API}/silences/${number}`).then(later)),
  };
}

function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), AGE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** @param {string} field */
function focus(field) {
  /** @type {HTMLElement | null} */ (document.querySelector(field))?.focus();
}
