/** @file The inspector's page: choose a cafeteria, answer its checklist, see what it came to. */
import { API, SignedOut, getJson } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/dom.js";
import { Choose } from "./choose.js";
import { Outcome } from "./outcome.js";
import { Visit } from "./visit.js";

const SCHEME = "cn.dynamic_2012";
const ASKED = "cafeteria";
const MOST_PAGES = 10;

/** Every cafeteria this person may see. */
async function readCafeterias() {
  const found = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await getJson(`${API}/cafeterias?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...items);
    if (!next) break;
    cursor = next;
  }
  return found;
}

/** @param {{words: any, person: any, timezone: string | undefined, signedOut: () => void}} props */
export function Inspect({ words, person, timezone, signedOut }) {
  const [known, setKnown] = useState(/** @type {any} */ (null));
  const [trouble, setTrouble] = useState("");
  const [id, setId] = useState(() => new URLSearchParams(location.search).get(ASKED) ?? "");
  const [result, setResult] = useState(/** @type {any} */ (null));
  const read = () => {
    setTrouble("");
    Promise.all([getJson(`${API}/schemes/${SCHEME}`), readCafeterias()])
      .then(([scheme, cafeterias]) => setKnown({ scheme, cafeterias }))
      .catch((error) => (error instanceof SignedOut ? signedOut() : setTrouble(error.message)));
  };
  useEffect(read, []);
  const choose = (chosen) => {
    const address = new URLSearchParams(location.search);
    if (chosen) address.set(ASKED, chosen);
    else address.delete(ASKED);
    const text = address.toString();
    history.replaceState(null, "", location.pathname + (text && `?${text}`));
    setId(chosen);
    setResult(null);
    scrollTo(0, 0);
  };
  if (trouble) {
    return html`<main class="inspect"><p class="trouble">${words.t("inspect.unread", { why: trouble })}</p>
      <button type="button" onClick=${read}>${words.t("inspect.again")}</button></main>`;
  }
  if (!known) return html`<p class="waiting">${words.t("waiting")}</p>`;
  const cafeteria = known.cafeterias.find((one) => one.id === id);
  const shared = { words, person, cafeteria, scheme: known.scheme };
  if (!cafeteria) return html`<${Choose} cafeterias=${known.cafeterias} missing=${id} choose=${choose} words=${words} />`;
  const done = (answer) => {
    setResult(answer);
    scrollTo(0, 0);
  };
  if (result) return html`<${Outcome} result=${result} leave=${() => choose("")} ...${shared} />`;
  return html`<${Visit} key=${id} timezone=${timezone} signedOut=${signedOut} done=${done} leave=${() => choose("")} ...${shared} />`;
}
