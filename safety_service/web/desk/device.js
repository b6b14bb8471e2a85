/** @file The device behind an alert: what it is, whether it is heard of, and what it has raised before. */
import { API } from "../lib/api.js";
import { html } from "../lib/dom.js";
import { Mark } from "../screen/marks.js";
import { Sign, stateText } from "./marks.js";
import { useReading } from "./reading.js";

const SHOWN = 8;
/** Of these the share of false alarms is told; two alerts are no share. */
const ENOUGH = 4;

/** @param {{alert: any, words: any, now: number, choose: (alert: any) => void, signedOut: () => void}} props */
export function Device({ alert, words, now, choose, signedOut }) {
  const address = `${encodeURIComponent(alert.school)}/${alert.device.split("/").map(encodeURIComponent).join("/")}`;
  const { body: device } = useReading(`${API}/devices/${address}`, alert.id, signedOut);
  const asked = new URLSearchParams({ school: alert.school, device: alert.device, limit: "50" });
  const { body: page } = useReading(`${API}/alerts?${asked}`, alert, signedOut);
  const others = page?.items.filter((one) => one.id !== alert.id) ?? [];
  const judged = others.filter((one) => one.disposition);
  const wrong = judged.filter((one) => one.disposition === "false_alarm").length;
  return html`<section class="device" data-device=${alert.device}>
    <p class="device-name"><b>${device?.name ?? alert.device}</b>
      ${device && html`<span class="chip ${device.online ? "chip-good" : "chip-bad"}">${words.t(device.online ? "device.online" : "device.silent")}</span>`}
      ${device && device.condition !== "active" && html`<span class="chip">${words.t(`device.${device.condition}`)}</span>`}</p>
    ${device && html`<p class="muted">${[device.name === device.device ? "" : device.device, device.model, device.format, device.last_seen_at
      && words.t("device.seen", { ago: words.age((now - Date.parse(device.last_seen_at)) / 1000) })].filter(Boolean).join(" · ")}</p>`}
    ${device?.live_url && html`<p><a class="button" data-live href=${device.live_url} target="_blank" rel="noopener noreferrer">
      <${Sign} name="camera" />${words.t("device.live")}</a></p>`}
    <p class="device-record">${page && words.t(page.next ? "device.before_more" : "device.before", { n: others.length })}
      ${judged.length >= ENOUGH && html` <b class=${wrong * 2 > judged.length ? "cries-wolf" : ""}>${words.t("device.false", { n: wrong, of: judged.length })}</b>`}</p>
    <ol class="before">
      ${others.slice(0, SHOWN).map((one) => html`<li key=${one.id}><button type="button" onClick=${() => choose(one)}>
        <${Mark} severity=${one.severity} size=${16} /><time datetime=${one.raised_at}>${words.moment.format(new Date(one.raised_at))}</time>
        <span>${words.title(one)}</span><small>${stateText(one, words)}</small>
      </button></li>`)}
    </ol>
  </section>`;
}
