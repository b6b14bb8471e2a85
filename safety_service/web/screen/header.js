/** @file The head of the wall: title, clock, and a lamp that says how far the data can be trusted. */
import { html } from "../lib/dom.js";
import { freshness } from "./state.js";

/** @param {{state: any, words: any, now: number, waited: number, tools: any}} props `waited`: seconds */
export function Header({ state, words, now, waited, tools }) {
  const county = words.name(state.overview?.county);
  const moment = new Date(now);
  const lamp = freshness(state.overview, waited);
  return html`<header class="head">
    <div class="head-side">
      <span class="lamp lamp-${lamp}" data-lamp=${lamp} title=${words.t(`lamp.${lamp}`)}></span>
      <span class="as-of">
        <b>${words.t("as_of", { time: state.asOf ? words.clock.format(new Date(state.asOf)) : "–" })}</b>
        <small>${words.t(lamp === "fresh" ? (state.live ? "live" : "polling") : `lamp.${lamp}`)}</small>
      </span>
    </div>
    <h1><span>${words.t("title.county", { county })}</span></h1>
    <div class="head-side head-right">
      <time datetime=${moment.toISOString()}><b>${words.clock.format(moment)}</b><small>${words.day.format(moment)}</small></time>
      <nav>${tools}</nav>
    </div>
  </header>`;
}
