/** @file The duty desk: the queue beside the alert in hand, the keyboard first. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { html, useCallback, useEffect, useRef, useState } from "../lib/dom.js";
import { post } from "../lib/write.js";
import { Detail } from "./detail.js";
import { Feed } from "./feed.js";
import { Filter } from "./filter.js";
import { List } from "./list.js";
import { readFilters, writeFilters } from "./queue.js";

const EMPTY = { alerts: [], more: false, live: false, asOf: 0, trouble: "" };
const AGE_MS = 10_000;

/** @param {{words: any, person: any, signedOut: () => void}} props */
export function Desk({ words, person, signedOut }) {
  const [filters, setFilters] = useState(() => readFilters(location.search));
  const [queue, setQueue] = useState(EMPTY);
  const [chosen, setChosen] = useState(/** @type {any} */ (null));
  const [closing, setClosing] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const [now, setNow] = useState(Date.now());
  const schools = useSchools(signedOut);
  const feed = useRef(/** @type {Feed | null} */ (null));
  const sending = useRef(false);

  useEffect(() => {
    history.replaceState(null, "", location.pathname + writeFilters(filters, location.search));
    setQueue(EMPTY);
    const heard = (alert) => setChosen((held) => (held?.id === alert.id ? alert : held));
    const started = new Feed(filters, setQueue, heard, signedOut);
    feed.current = started;
    started.start();
    return () => started.stop();
  }, [filters]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), AGE_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    setChosen((held) => (held && queue.alerts.find((alert) => alert.id === held.id)) || held);
  }, [queue.alerts]);

  const choose = useCallback((alert) => {
    setChosen(alert);
    setClosing(false);
    setTrouble("");
  }, []);
  /** @param {any} alert @param {string} step @param {object} [body] */
  const carryOut = async (alert, step, body = {}) => {
    if (sending.current) return false;
    sending.current = true;
    setBusy(true);
    setTrouble("");
    try {
      const changed = await post(`${API}/alerts/${alert.id}/${step}`, body);
      setChosen((held) => (held?.id === changed.id ? { ...changed } : held));
      feed.current?.take(changed);
      setClosing(false);
      return true;
    } catch (error) {
      if (error instanceof SignedOut) signedOut();
      else setTrouble(words.t("desk.failed", { why: error.message }));
      return false;
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  const mayHandle = person.rights.includes("alerts:handle");
  const actions = { acknowledge: (alert) => mayHandle && !busy && canAcknowledge(alert) && carryOut(alert, "acknowledge") };
  useKeys({ queue, chosen, choose, acknowledge: actions.acknowledge, close: () => mayHandle && setClosing(true) });

  return html`<main class="desk ${chosen ? "has-chosen" : ""}">
    <section class="side">
      <${Filter} filters=${filters} change=${setFilters} schools=${schools} words=${words} queue=${queue} />
      <${List} queue=${queue} chosen=${chosen} choose=${choose} schools=${schools} words=${words} now=${now}
        acknowledge=${mayHandle ? actions.acknowledge : null} busy=${busy} closed=${filters.closed} />
    </section>
    <section class="hand">
      ${chosen ? html`<${Detail} key=${chosen.id} alert=${chosen} words=${words} schools=${schools} now=${now} mayHandle=${mayHandle}
        busy=${busy} trouble=${trouble} closing=${closing} setClosing=${setClosing} carryOut=${carryOut}
        back=${() => choose(null)} signedOut=${signedOut} />`
      : html`<p class="waiting">${words.t("desk.choose")}<br /><small>${words.t("desk.keys")}</small></p>`}
    </section>
  </main>`;
}

/** @param {any} alert */
export function canAcknowledge(alert) {
  return !alert.closed_at && !alert.acknowledged_at;
}

/** Code → school, empty until known. @param {() => void} signedOut @returns {Map<string, any>} */
function useSchools(signedOut) {
  const [schools, setSchools] = useState(new Map());
  useEffect(() => {
    let timer = 0;
    const read = () => getJson(`${API}/schools?limit=1000`)
      .then((page) => setSchools(new Map(page.items.map((school) => [school.code, school]))))
      .catch((error) => {
        if (error instanceof SignedOut) signedOut();
        else timer = setTimeout(read, AGE_MS);
      });
    read();
    return () => clearTimeout(timer);
  }, []);
  return schools;
}

/** j and k walk the queue, a acknowledges, c opens the closing form, Escape leaves it. */
function useKeys({ queue, chosen, choose, acknowledge, close }) {
  const latest = useRef(/** @type {any} */ (null));
  latest.current = { queue, chosen, choose, acknowledge, close };
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      const { queue: { alerts }, chosen: held, ...does } = latest.current;
      const place = alerts.findIndex((alert) => alert.id === held?.id);
      if (event.key === "j") does.choose(alerts[Math.min(place + 1, alerts.length - 1)] ?? held);
      else if (event.key === "k") does.choose(alerts[Math.max(place - 1, 0)] ?? held);
      else if (event.key === "a" && held) does.acknowledge(held);
      else if (event.key === "c" && held && !held.closed_at) does.close();
      else if (event.key === "Escape") does.choose(null);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
