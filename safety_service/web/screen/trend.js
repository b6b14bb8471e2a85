/** @file Events and alerts of the last 24 hours: a line over stacked bars in the severities' colours. */
import { html, useMemo } from "../lib/dom.js";
import { Chart } from "./chart.js";
import { COLOURS } from "./marks.js";
import { LEVELS } from "./state.js";

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** @param {{trend: any, words: any, scale: number, still: boolean, open: Function}} props */
export function Trend({ trend, words, scale, still, open }) {
  const option = useMemo(() => trend && optionOf(trend.items, words, still), [trend, words, still]);
  const click = ({ dataIndex, seriesId }) => {
    const hour = trend.items[dataIndex];
    const title = words.t("trend.hour", { hour: words.short.format(new Date(hour.hour)) });
    open(title, seriesId === "events" ? hour.events_list : hour.list);
  };
  return html`<${Chart} name="trend" option=${option} scale=${scale} onClick=${click} label=${words.t("trend.title")} />`;
}

function optionOf(items, words, still) {
  const muted = { color: "#86a6d2", fontSize: 13, fontFamily: FONT };
  const axis = (extra) => ({
    type: "value", splitNumber: 3, minInterval: 1, axisLabel: { ...muted, formatter: (value) => words.compact.format(value) },
    splitLine: { show: false }, ...extra,
  });
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
      type: "category", data: items.map(({ hour }) => words.short.format(new Date(hour))),
      axisLabel: { ...muted, interval: 3 }, axisTick: { show: false }, axisLine: { lineStyle: { color: "rgba(90,150,230,.4)" } },
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

function tooltipOf(hour, words) {
  const box = document.createElement("div");
  box.className = "tip";
  const line = (tag, text) => box.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
  line("b", words.short.format(new Date(hour.hour)));
  line("span", `${words.t("trend.events")} ${words.n(hour.events)}`);
  for (const level of LEVELS) {
    if (hour.by_severity[level]) line("span", `${words.t(`severity.${level}`)} ${words.n(hour.by_severity[level])}`);
  }
  return box;
}
