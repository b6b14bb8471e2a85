/** @file The numbers at the top, each a link to the list behind it. */
import { html } from "../lib/dom.js";
import { Mark } from "./marks.js";
import { LEVELS } from "./state.js";

/** A number that opens its list. @param {{list: string, label: string, open: Function, children?: any, class?: string}} props */
export function Opens({ list, label, open, children, class: name = "" }) {
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    open(label, list);
  };
  return html`<a class="opens ${name}" href=${list} title=${label} onClick=${click}>${children}</a>`;
}

/** @param {{overview: any, words: any, open: Function}} props */
export function SeverityTiles({ overview, words, open }) {
  return html`<section class="tiles" aria-label=${words.t("figures.open")}>
    ${LEVELS.map((level) => {
      const figure = overview?.alerts_open[level];
      const label = `${words.t(`severity.${level}`)} · ${words.t("figures.open")}`;
      return html`<${Opens} key=${level} list=${figure?.list ?? "#"} label=${label} open=${open}
        class="tile tile-${level} ${figure?.unacknowledged ? "tile-waiting" : ""}">
        <span class="tile-mark"><${Mark} severity=${level} size=${60} /></span>
        <span class="tile-text">
          <span class="tile-name">${words.t(`severity.${level}`)}</span>
          <b class="tile-number" data-figure=${`open-${level}`}>${words.n(figure?.value)}</b>
          <span class="tile-sub">${figure?.unacknowledged
            ? words.t("figures.unacknowledged", { n: figure.unacknowledged })
            : words.t(figure?.value ? "figures.handled" : "figures.calm")}</span>
        </span>
      <//>`;
    })}
  </section>`;
}

/** @param {{overview: any, words: any, open: Function}} props */
export function Strip({ overview, words, open }) {
  const share = (figure) => [
    words.n(figure?.value), figure ? `/ ${words.n(figure.total)}` : "",
  ];
  const entries = [
    ["events_today", () => [words.n(overview?.events_today.value), ""]],
    ["alerts_today", () => [words.n(overview?.alerts_today.value), ""]],
    ["closed_today", () => [words.n(overview?.closed_today.value), ""]],
    ["acknowledge_seconds", () => words.duration(overview?.acknowledge_seconds.value)],
    ["close_seconds", () => words.duration(overview?.close_seconds.value)],
    ["devices_online", () => [words.n(overview?.devices_online.percent), "%"]],
    ["schools_reporting", () => share(overview?.schools_reporting)],
  ];
  return html`<section class="strip">
    ${entries.map(([name, value]) => {
      const [number, unit] = value();
      const label = words.t(`figures.${name}`);
      return html`<${Opens} key=${name} list=${overview?.[name].list ?? "#"} label=${label} open=${open} class="metric">
        <span class="metric-value" data-figure=${name}><b>${number}</b><i>${unit}</i></span>
        <span class="metric-name">${label}</span>
      <//>`;
    })}
    <${Unknown} overview=${overview} words=${words} open=${open} />
  </section>`;
}

/** Devices that nobody has adopted yet, and those that a strict school keeps apart. */
function Unknown({ overview, words, open }) {
  const number = (name) => html`<${Opens} list=${overview?.[name].list ?? "#"} label=${words.t(`figures.${name}`)} open=${open}
    class=${name === "devices_quarantined" && overview?.[name].value ? "is-held" : ""}><b data-figure=${name}>${words.n(overview?.[name].value)}</b><//>`;
  return html`<div class="metric metric-two"><span class="metric-value">${number("devices_new")}<i>/</i>${number("devices_quarantined")}</span>
    <span class="metric-name">${words.t("figures.devices_unknown")}</span></div>`;
}
