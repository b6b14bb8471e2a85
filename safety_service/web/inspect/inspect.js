/** @file The inspector's page: choose a cafeteria, answer its checklist, see what it came to, and what still waits. */
import { SignedOut } from "../lib/api.js";
import { html, useCallback, useEffect, useMemo, useState } from "../lib/dom.js";
import { Choose } from "./choose.js";
import { dayIn, newId } from "./days.js";
import { keepStorage } from "./install.js";
import { keptKnown, renewForms, renewKnown } from "./known.js";
import { Outcome } from "./outcome.js";
import { Queue } from "./queue.js";
import { newVisit, revisionOf } from "./record.js";
import { Sender } from "./sending.js";
import { Visit } from "./visit.js";

const ASKED = "cafeteria";
const KEPT_SENT = 60;
const NEWS_MS = 10 * 60_000;

/** The cafeteria on the door: `/inspect?cafeteria=ID` or `/inspect/ID`. */
function cafeteriaAsked() {
  const [, inPath = ""] = /^\/inspect\/([^/]+)$/.exec(location.pathname) ?? [];
  return new URLSearchParams(location.search).get(ASKED) ?? decodeURIComponent(inPath);
}

/** @param {string} id */
function showInAddress(id) {
  const address = new URLSearchParams(location.search);
  if (id) address.set(ASKED, id);
  else address.delete(ASKED);
  const text = address.toString();
  history.replaceState(null, "", `/inspect${text && `?${text}`}`);
}

/** @param {any} props */
export function Inspect({ words, person, keep, session, signedOut, knowTimezone }) {
  const { known, trouble, read } = useKnown(keep, person.name, session, signedOut);
  const { visits, others } = useVisits(keep, person.name);
  const { sender, sending } = useSender(keep, person.name, session, signedOut);
  const [id, setId] = useState(cafeteriaAsked);
  const [fresh, setFresh] = useState(/** @type {any} a visit that was asked for by hand */ (null));
  useEffect(() => { if (known) knowTimezone(known.timezone); }, [known]);
  const sentOf = (all) => all?.filter(({ state }) => state === "sent").length ?? 0;
  // What was sent is the last visit of its cafeteria from now on.
  useEffect(() => { if (known && sentOf(visits)) read(); }, [sentOf(visits)]);
  const go = useCallback((cafeteria, visit = null) => {
    showInAddress(cafeteria);
    setId(cafeteria);
    setFresh(visit);
    scrollTo(0, 0);
  }, []);
  const cafeteria = known?.cafeterias.find((one) => one.id === id);
  const mine = (visits ?? []).filter((one) => one.cafeteria === id);
  const scheme = known?.schemes[0];
  const begun = useMemo(() => cafeteria && newVisit(aboutNew(person, cafeteria, scheme, known)), [cafeteria?.id, Boolean(known), mine.length]);
  const queue = html`<${Queue} visits=${visits ?? []} sending=${sending} session=${session} retry=${() => sender?.now(true)}
    open=${(visit) => go(visit.cafeteria, visit)} words=${words} />`;
  if (!known || !visits) return html`${queue}<${Waiting} trouble=${trouble} read=${read} words=${words} />`;
  if (!cafeteria) {
    return html`${queue}<${Choose} cafeterias=${known.cafeterias} visits=${visits} others=${others} readAt=${known.read_at} missing=${id} choose=${go} words=${words} />`;
  }
  const current = visits.find((one) => one.id === fresh?.id) ?? fresh
    ?? mine.find((one) => one.state === "draft") ?? mine.find((one) => one.state === "waiting") ?? mine.find(isNews) ?? begun;
  const shared = { key: current.id, words, person, cafeteria, keep, session, leave: () => go("") };
  const used = known.schemes.find((one) => one.id === current.scheme) ?? scheme;
  if (current.state !== "draft") {
    const again = () => go(id, newVisit(aboutNew(person, cafeteria, scheme, known)));
    const correct = () => go(id, revisionOf(current, aboutNew(person, cafeteria, used, known)));
    return html`${queue}<${Outcome} visit=${current} scheme=${used} again=${again} correct=${correct} send=${() => sender?.now(true)} ...${shared} />`;
  }
  const done = (visit) => {
    keepStorage();
    go(id, visit);
    sender?.now();
  };
  return html`${queue}<${Visit} first=${current} scheme=${used} schemes=${known.schemes} timezone=${known.timezone} owed=${known.owed?.[id]?.[used.id] ?? {}} done=${done} ...${shared} />`;
}

function aboutNew(person, cafeteria, scheme, known) {
  const { visited_on: date, score, grade, icon } = cafeteria;
  return { id: newId(), person: person.name, cafeteria, scheme, date: dayIn(known.timezone), before: date && { date, score, grade, icon } };
}

/** Sent a moment ago: who comes back sees what it came to, not an empty form. */
const isNews = (visit) => visit.state === "sent" && Date.now() - Date.parse(visit.sent_at) < NEWS_MS;

function Waiting({ trouble, read, words }) {
  if (!trouble) return html`<p class="waiting">${words.t("waiting")}</p>`;
  return html`<main class="inspect"><p class="trouble" role="alert">${words.t("inspect.unread", { why: trouble })}</p>
    <button type="button" onClick=${read}>${words.t("inspect.again")}</button></main>`;
}

/** What was kept at once, then what the service says now. */
function useKnown(keep, person, session, signedOut) {
  const [known, setKnown] = useState(/** @type {any} */ (null));
  const [trouble, setTrouble] = useState("");
  const fail = (error) => (error instanceof SignedOut ? signedOut() : setTrouble(error.message));
  const read = useCallback(() => {
    setTrouble("");
    renewKnown(keep, person).then(setKnown).catch(fail);
  }, []);
  useEffect(() => { keptKnown(keep, person).then((kept) => kept && setKnown((before) => before ?? kept)); }, []);
  useEffect(() => {
    if (session === "in") read();
    if (session === "away") setTrouble((before) => before || "–");
  }, [session]);
  useEffect(() => {
    if (!known || session !== "in") return undefined;
    let wanted = true;
    // Politely behind everything else; what fails is tried at the next start.
    renewForms(keep, person, known, () => wanted).catch(() => {});
    return () => { wanted = false; };
  }, [known, session]);
  return { known, trouble, read };
}

/** This person's visits, the last touched first, and whose others wait here; sent ones are forgotten when there are many. */
function useVisits(keep, person) {
  const [visits, setVisits] = useState(/** @type {any[] | null} */ (null));
  const [others, setOthers] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    const read = async () => {
      const all = await keep.visits();
      setVisits(all.filter((one) => one.person === person).sort((a, b) => (b.touched_at ?? "").localeCompare(a.touched_at ?? "")));
      setOthers([...new Set(all.filter((one) => one.person !== person && one.state === "waiting").map((one) => one.person))]);
    };
    read();
    return keep.watch(read);
  }, []);
  useEffect(() => {
    const old = (visits ?? []).filter(({ state }) => state === "sent").slice(KEPT_SENT);
    old.forEach(({ id }) => keep.drop(id));
  }, [visits]);
  return { visits, others };
}

function useSender(keep, person, session, signedOut) {
  const [sending, setSending] = useState({ busy: false, signedOut: false });
  const [sender, setSender] = useState(/** @type {Sender | null} */ (null));
  useEffect(() => {
    const made = new Sender(keep, person, setSending);
    setSender(made);
    made.start();
    return () => made.stop();
  }, []);
  useEffect(() => { if (session === "in") sender?.now(); }, [session]);
  useEffect(() => { if (sending.signedOut) signedOut(); }, [sending.signedOut]);
  return { sender, sending };
}
