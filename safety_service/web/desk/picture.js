/** @file The picture of an alert: one that the service keeps is shown, a device's own is only linked to. */
import { API, getJson, renew } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/dom.js";
import { Sign } from "./marks.js";

const OWN = /^\/api\/v1\/snapshots\/[0-9a-f]{64}$/;
const WEB = /^https?:\/\//i;
/** The service may be fetching what the device links to; no change of the alert tells when it has. */
const LOOK_AGAIN_MS = [2000, 8000, 30_000];

/** @param {{alert: any, words: any}} props */
export function Picture({ alert, words }) {
  const [address, setAddress] = useState("");
  const [failures, setFailures] = useState(0);
  useEffect(() => {
    const told = alert.snapshot_url ?? "";
    setAddress(told);
    setFailures(0);
    const look = () => getJson(`${API}/alerts/${alert.id}`).then((found) => setAddress(found.snapshot_url ?? "")).catch(() => {});
    const timers = WEB.test(told) ? LOOK_AGAIN_MS.map((wait) => setTimeout(look, wait)) : [];
    return () => timers.forEach(clearTimeout);
  }, [alert.id, alert.snapshot_url]);
  if (OWN.test(address)) {
    if (failures > 1) return html`<p class="muted">${words.t("desk.snapshot_gone")}</p>`;
    // The session of a page that was asleep may be over: it is renewed once.
    const failed = () => renew().then(() => setFailures((count) => count + 1));
    return html`<${Shown} words=${words}><a data-snapshot href=${address} target="_blank" rel="noopener noreferrer">
      <img key=${failures} src=${address} alt=${words.t("desk.snapshot_of", { title: words.title(alert) })} onError=${failed} /></a><//>`;
  }
  // Devices name any address; only one of the web becomes a link.
  if (!WEB.test(address)) return null;
  return html`<${Shown} words=${words}><a class="button" data-snapshot href=${address} target="_blank" rel="noopener noreferrer">
    <${Sign} name="picture" />${words.t("desk.snapshot_open")}</a><//>`;
}

function Shown({ words, children }) {
  return html`<section class="picture"><h3>${words.t("desk.snapshot")}</h3>${children}</section>`;
}
