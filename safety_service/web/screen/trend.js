/** @file Events and alerts of 24 hours or 30 days: a line over stacked bars in the severities' colours. */
import { html, useEffect, useMemo, useState } from "../lib/dom.js";
import { Chart } from "./chart.js";
import { COLOURS } from "./marks.js";
import { LEVELS } from "./state.js";

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
export const SPANS = ["hours", "days"];
const TURN_MS = 30_000;
/** Whoever chose a span wants to look at it. */
const CHOSEN_MS = 5 * 60_000;

/** Which span is shown: in turn, until somebody chooses. @param {boolean} still
 * @returns {[string, (span: string) => void]} */
export function useSpan(still) {
  const [span, setSpan] = useState(SPANS[0]);
  const [held, setHeld] = useState(0);
  useEffect(() => {
    if (still) return undefined;
    const turn = () => setSpan((shown) => SPANS[(SPANS.indexOf(shown) + 1) % SPANS.length]);
    const timer = setTimeout(turn, Math.max(TURN_MS, held - Date.now()));
    return () => clearTimeout(timer);
  }, [span, held, still]);
  const choose = (chosen) => {
    setHeld(Date.now() + CHOSEN_MS);
    setSpan(chosen);
  };
  return [span, choose];
}

/** @param {{span: string, choose: (span: string) => void, words: any}} props */
export function Spans({ span, choose, words }) {
  return html`<span class="spans" role="group">${SPANS.map((one) => html`<button key=${one} type="button" data-span=${one} aria-pressed=${one === span}
    onClick=${() => choose(one)}>${words.t(`trend.${one}`)}</button>`)}</span>`;
}

/** @param {{span: string, trend: any, words: any, scale: number, still: boolean, open: Function}} props */
export function Trend({ span, trend, words, scale, still, open }) {
  const option = useMemo(() => trend && optionOf(trend.items, words, still), [trend, words, still]);
  const click = ({ dataIndex, seriesId }) => {
    const item = trend.items[dataIndex];
    open(nameOf(item, words), seriesId === "events" ? item.events_list : item.list);
  };
  return html`<${Chart} name="trend" option=${option} scale=${scale} onClick=${click} label=${words.t(`trend.title_${span}`)} />`;
}

/** @param {any} item of hours or days @param {any} words */
function nameOf(item, words) {
  return item.day ? words.date(item.day) : words.t("trend.hour", { hour: words.short.format(new Date(item.hour)) });
}

function optionOf(items, words, still) {
  const muted = { color: "#86a6d2", fontSize: 13, fontFamily: FONT };
  const axis = (extra) => ({
    type: "value", splitNumber: 3, minInterval: 1, axisLabel: { ...muted, formatter: (value) => words.compact.format(value) },
    splitLine: { show: false }, ...extra,
  });
  const daily = Boolean(items[0]?.day);
  return {
    animation: !still,
    textStyle: { fontFamily: FONT },
    grid: { left: 48, right: 30, top: 36, bottom: 24 },
    legend: {
      top: 0, left: "center", itemWidth: 14, itemHeight: 9, itemGap: 12, textStyle: { ...muted, fontSize: 12 }, selectedMode: false,
    },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: "transparent", borderWidth: 0, padding: 0, extraCssText: "box-shadow:none",
      axisPointer: { type: "line", lineStyle: { color: "rgba(120,190,255,.5)" } },
      formatter: ([first]) => tooltipOf(items[first.dataIndex], words),
    },
    xAxis: {
      type: "category", data: items.map((item) => (daily ? words.date(item.day) : words.short.format(new Date(item.hour)))),
      axisLabel: { ...muted, interval: daily ? 5 : 3 }, axisTick: { show: false }, axisLine: { lineStyle: { color: "rgba(90,150,230,.4)" } },
    },
    yAxis: [
      axis({ position: "left", splitLine: { show: true, lineStyle: { color: "rgba(90,150,230,.13)" } } }),
      axis({ position: "right" }),
    ],
    series: [
      {
        id: "events", name: words.t("trend.events"), type: "line", smooth: 0.35, showSymbol: false, yAxisIndex: 0, z: 3,
        data: items.map(({ events }) => events),
        lineStyle: { color: "#37e2ff", width: 2.4, shadowColor: "rgba(55,226,255,.6)", shadowBlur: 10 }, itemStyle: { color: "#37e2ff" },
        areaStyle: { color: { type: "linear", x: 0, y: 0, x2: 0, y2: 1, colorStops: [
          { offset: 0, color: "rgba(55,226,255,.30)" }, { offset: 1, color: "rgba(55,226,255,.02)" },
        ] } },
      },
      ...[...LEVELS].reverse().map((level) => ({
        id: level, name: words.t(`severity.${level}`), type: "bar", stack: "alerts", yAxisIndex: 1, barMaxWidth: 8,
        data: items.map(({ by_severity: counts }) => counts[level]), itemStyle: { color: COLOURS[level] },
      })),
    ],
  };
}

function tooltipOf(item, words) {
  const box = document.createElement("div");
  box.className = "tip";
  const line = (tag, text) => box.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
  line("b", item.day ? words.date(item.day) : words.short.format(new Date(item.hour)));
  line("span", `${words.t("trend.events")} ${words.n(item.events)}`);
  for (const level of LEVELS) {
    if (item.by_severity[level]) line("span", `${words.t(`severity.${level}`)} ${words.n(item.by_severity[level])}`);
  }
  return box;
}
