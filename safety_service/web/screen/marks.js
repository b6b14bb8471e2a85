/** @file Severity in colour AND shape, so that nobody has to tell red from orange. */
import { html } from "../lib/dom.js";

/** Outlines in a box of 24 x 24: octagon, triangle, diamond, circle. */
const SHAPES = {
  critical: "M7.8 1.5h8.4l6.3 6.3v8.4l-6.3 6.3H7.8l-6.3-6.3V7.8z",
  major: "M12 1.8 23.2 21.6H.8z",
  minor: "M12 .8 23.2 12 12 23.2.8 12z",
  warning: "M12 1.5a10.5 10.5 0 1 0 .01 0z",
};

export const COLOURS = { critical: "#ff4d62", major: "#ff9838", minor: "#ffd84a", warning: "#4ca6ff" };
export const NUMERALS = { critical: "I", major: "II", minor: "III", warning: "IV" };

/** The same shapes for ECharts. @param {string} severity */
export function symbol(severity) {
  return `path://${SHAPES[severity] ?? SHAPES.warning}`;
}

/** @param {{severity: string, size?: number}} props */
export function Mark({ severity, size = 22 }) {
  return html`<svg class="mark mark-${severity}" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">
    <path d=${SHAPES[severity] ?? SHAPES.warning} />
    <text x="12" y=${severity === "major" ? 19 : 16.4} text-anchor="middle">${NUMERALS[severity] ?? ""}</text>
  </svg>`;
}
