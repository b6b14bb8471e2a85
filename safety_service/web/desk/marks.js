/** @file Small marks of an alert: what it is at, what holds its messages back. Always a sign and a word. */
import { html } from "../lib/dom.js";
import { handling } from "../screen/state.js";
import { causeOf } from "./queue.js";

const SIGNS = {
  quiet: "M4 4l16 16M9.5 5.2A6 6 0 0 1 18 10v4l1.500 2.500M6.300 8.500A6 6 0 0 0 6 10v4l-1.500 2.500h11.500M10 20h4",
  camera: "M3 7h12v10H3zM15 11l6-3.500v9l-6-3.500",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9.500h.010",
  note: "M5 4h14v12l-4 4H5zM15 20v-4h4M8.500 8.500h7M8.500 12h4.500",
  sound: "M4 9.500v5h3.500L12 18.500V5.500L7.500 9.500zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11",
  silent: "M4 9.500v5h3.500L12 18.500V5.500L7.500 9.500zM16 9.500l5 5m0-5-5 5",
  told: "M4 12.500l5 5L20 6.500",
  waiting: "M12 6v6l4 2.500M12 3a9 9 0 1 0 .010 0z",
  failed: "M6 6l12 12M18 6L6 18",
  search: "M10.500 4a6.500 6.500 0 1 0 .010 0zM15.500 15.500L20 20",
};

/** @param {{name: string, size?: number}} props */
export function Sign({ name, size = 18 }) {
  return html`<svg class="sign" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true"><path d=${SIGNS[name]} /></svg>`;
}

/** @param {any} alert @param {any} words */
export function stateText(alert, words) {
  const state = handling(alert);
  if (state === "acknowledged") return words.t("state.acknowledged_by", { name: alert.acknowledged_by });
  if (state === "closed" && alert.disposition) return `${words.t("state.closed")} · ${words.t(`disposition.${alert.disposition}`)}`;
  return words.t(`state.${state}`);
}

/** Why nobody is told of the alert; nothing where they are. @param {{alert: any, words: any}} props */
export function HeldBack({ alert, words }) {
  const cause = causeOf(alert.suppressed_by);
  if (!cause || alert.closed_at) return null;
  return html`<span class="chip chip-quiet" data-cause=${cause.type}><${Sign} name="quiet" size=${14} />${words.suppressed(alert.suppressed_by)}</span>`;
}
