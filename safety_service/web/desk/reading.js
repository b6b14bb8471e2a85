/** @file What the desk reads beside the queue: schools, the reasons of an alert, its device, notes of other shifts. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { useCallback, useEffect, useState } from "../lib/dom.js";

const RETRY_MS = 10_000;
/** Whoever runs down the queue with j does not want to know everything of each alert on the way. */
const SETTLES_MS = 150;

/** Code → school, empty until known. @param {() => void} signedOut @returns {Map<string, any>} */
export function useSchools(signedOut) {
  const [schools, setSchools] = useState(new Map());
  useEffect(() => {
    let timer = 0;
    const read = () => getJson(`${API}/schools?limit=1000`)
      .then((page) => setSchools(new Map(page.items.map((school) => [school.code, school]))))
      .catch((error) => {
        if (error instanceof SignedOut) signedOut();
        else timer = setTimeout(read, RETRY_MS);
      });
    read();
    return () => clearTimeout(timer);
  }, []);
  return schools;
}

/**
 * What is at an address, read again when `news` changes; the last answer stays until the next.
 * @param {string} path "" reads nothing @param {any} news @param {() => void} signedOut
 * @returns {{body: any, trouble: string, again: () => void}}
 */
export function useReading(path, news, signedOut) {
  const [found, setFound] = useState({ path: "", body: /** @type {any} */ (null), trouble: "" });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((known) => known + 1), []);
  useEffect(() => {
    if (!path) return undefined;
    let gone = false;
    const timer = setTimeout(() => getJson(path)
      .then((body) => { if (!gone) setFound({ path, body, trouble: "" }); })
      .catch((error) => {
        if (gone) return;
        if (error instanceof SignedOut) signedOut();
        else setFound((known) => ({ path, body: known.path === path ? known.body : null, trouble: error.message }));
      }), SETTLES_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path, news, turn]);
  const mine = found.path === path;
  return { body: mine ? found.body : null, trouble: mine ? found.trouble : "", again };
}

/** The alert in hand: from the queue where it is there, else read by its number.
 * @param {number} number 0: none @param {any[]} alerts @param {() => void} signedOut */
export function useAlert(number, alerts, signedOut) {
  const [held, setHeld] = useState(/** @type {any} */ (null));
  const [missing, setMissing] = useState("");
  const listed = alerts.find((alert) => alert.id === number);
  useEffect(() => { if (listed) setHeld(listed); }, [listed]);
  const mine = listed ?? (held?.id === number ? held : null);
  useEffect(() => {
    setMissing("");
    if (!number || mine) return undefined;
    let gone = false;
    getJson(`${API}/alerts/${number}`)
      .then(({ why: _why, ...alert }) => { if (!gone) setHeld((known) => (known?.id === alert.id ? known : alert)); })
      .catch((error) => {
        if (gone) return;
        if (error instanceof SignedOut) signedOut();
        else setMissing(error.message);
      });
    return () => { gone = true; };
  }, [number, Boolean(mine)]);
  const take = useCallback((alert) => setHeld((known) => (known?.id === alert.id || alert.id === number ? alert : known)), [number]);
  return { alert: mine, missing, take };
}
