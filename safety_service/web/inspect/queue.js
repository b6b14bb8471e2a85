/** @file What still waits on this phone: always in sight, with what happened to it and a button to try again. */
import { html, useState } from "../lib/dom.js";
import { filesToSend } from "./record.js";

/** @param {{visits: any[], sending: {busy: boolean, silent: boolean}, session: string, retry: () => void, open: (visit: any) => void, words: any}} props */
export function Queue({ visits, sending, session, retry, open, words }) {
  const [shown, setShown] = useState(false);
  const waiting = visits.filter(({ state }) => state === "waiting");
  const returned = visits.filter(({ state, refused }) => state === "draft" && refused);
  const failed = waiting.filter(({ queue }) => queue.trouble || Object.keys(queue.refused).length);
  if (!waiting.length && !returned.length) return null;
  const text = [
    waiting.length > 0 && words.t("inspect.queue.waiting", { n: waiting.length }),
    failed.length > 0 && words.t("inspect.queue.failed", { n: failed.length }),
    returned.length > 0 && words.t("inspect.queue.returned", { n: returned.length }),
  ].filter(Boolean).join(" · ");
  const show = (visit) => () => {
    setShown(false);
    open(visit);
  };
  return html`<aside class="queue ${failed.length || returned.length ? "queue-trouble" : ""}" aria-label=${words.t("inspect.queue.title")} data-waiting=${waiting.length} data-failed=${failed.length}>
    <div class="queue-line">
      <button type="button" class="queue-text" aria-expanded=${shown} data-do="queue" onClick=${() => setShown(!shown)}><span role="status">${text}</span></button>
      ${waiting.length > 0 && html`<button type="button" class="small" data-do="retry" disabled=${sending.busy} onClick=${retry}>
        ${words.t(sending.busy ? "inspect.sending" : failed.length ? "inspect.again" : "inspect.queue.send")}</button>`}
    </div>
    ${shown && html`<p class="queue-how">${words.t(how(session, sending))}</p>
      <ul>${[...returned, ...waiting].map((visit) => html`<li key=${visit.id}><button type="button" data-visit=${visit.id} onClick=${show(visit)}>
        <b>${words.name(visit.names) || visit.cafeteria}</b> <small>${visit.date}</small><br />
        <span class=${visit.refused || visit.queue?.trouble ? "bad" : "muted"}>${stateOf(visit, words)}</span></button></li>`)}</ul>`}
  </aside>`;
}

function how(session, sending) {
  if (session === "out") return "inspect.signed_out";
  return sending.silent || session === "away" ? "inspect.queue.offline" : "inspect.queue.how";
}

/** Where one visit stands, in a line. @param {any} visit @param {any} words */
export function stateOf(visit, words) {
  if (visit.refused) return words.t("inspect.refused", { why: visit.refused.detail });
  const { queue, body } = visit;
  const all = new Set(body.attachments.map(({ sha256 }) => sha256)).size;
  const refused = Object.values(queue.refused);
  if (refused.length) return words.t("inspect.queue.file_refused", { n: refused.length, why: refused[0] });
  const progress = queue.stored
    ? words.t("inspect.queue.files", { n: all - filesToSend(visit).length, of: all })
    : words.t("inspect.queue.not_yet", { of: all });
  return queue.trouble ? `${progress} · ${queue.trouble}` : progress;
}
