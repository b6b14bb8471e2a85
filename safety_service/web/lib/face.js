/** @file The faces of the published grades, drawn. */
import { html } from "./dom.js";

const FACES = { 大笑: "big", 微笑: "small", 平脸: "flat" };
const MOUTHS = {
  big: "M6.5 13.5c1.200 4.600 9.800 4.600 11 0z",
  small: "M7 14.5c2 3 8 3 10 0",
  flat: "M7.5 15.5h9",
  none: "M7.5 17c2-2.600 7-2.600 9 0",
};

/** @param {{icon?: string | null, size?: number}} props */
export function Face({ icon, size = 24 }) {
  const face = FACES[icon ?? ""] ?? "none";
  return html`<svg class="face face-${face}" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="10.5" /><circle class="eye" cx="8.3" cy="9.3" r="1.4" /><circle class="eye" cx="15.7" cy="9.3" r="1.4" />
    <path d=${MOUTHS[face]} />
  </svg>`;
}
