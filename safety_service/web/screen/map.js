/** @file The county: townships as drawn areas, schools as marks, a ripple where news has just come in. */
import { html, useMemo } from "../lib/dom.js";
import { Chart, echarts } from "./chart.js";
import { COLOURS, symbol } from "./marks.js";
import { aspectOf, schematic } from "./schematic.js";
import { LEVELS, markers } from "./state.js";

const MAP = "county";
const SIZES = { critical: 21, major: 20, minor: 18, warning: 14 };

/** @param {{state: any, words: any, now: number, scale: number, still: boolean, open: Function}} props
 * `now` moves in coarse steps: it only decides when a ripple ends. */
export function CountyMap({ state, words, now, scale, still, open }) {
  const places = state.map;
  // Drawn anew only when a school has moved, not with every alert.
  const ground = useMemo(() => places && groundOf(places.features, state.boundary), [places && placesKey(places.features), state.boundary]);
  const option = useMemo(
    () => ground && optionOf(ground, markers(places, state.alerts, now), words, still),
    [ground, places, state.alerts, words, now, still],
  );
  const click = (event) => event.data?.list && open(event.data.label, event.data.list);
  return html`<${Chart} name="county" option=${option} scale=${scale} onClick=${click} label=${words.t("map.title")} />`;
}

/** @param {any[]} features */
function placesKey(features) {
  return features.map(({ id, geometry, properties }) => [id, properties.township, geometry?.coordinates]).join(";");
}

/** The bureau's own map where there is one, else the drawn one. @param {any[]} features @param {any} boundary */
function groundOf(features, boundary) {
  const own = boundary?.features.length ? boundary : null;
  const drawn = schematic(features);
  if (own) Object.assign(drawn, { geojson: own, aspect: aspectOf(own.features) });
  echarts.registerMap(MAP, drawn.geojson);
  const named = new Map(features.map(({ properties }) => [properties.township, properties]));
  return { ...drawn, named };
}

function optionOf(ground, schools, words, still) {
  const placed = schools.map((school) => ({
    ...school, position: school.position ?? ground.centres.get(school.township),
  }));
  const layer = (extra) => ({
    map: MAP, roam: false, silent: true, aspectScale: ground.aspect,
    layoutCenter: ["50%", "48.5%"], layoutSize: "96%", ...extra,
  });
  return {
    animation: false,
    tooltip: {
      trigger: "item", confine: true, backgroundColor: "transparent", borderWidth: 0, padding: 0,
      extraCssText: "box-shadow:none", formatter: ({ data }) => tooltipOf(data, words),
    },
    geo: [
      // The lower layers are the same county, moved down: they give it thickness.
      layer({ zlevel: 0, z: 0, layoutCenter: ["50%", "50.6%"], itemStyle: {
        areaColor: "#03132e", borderColor: "#1c64d8", borderWidth: 3, shadowColor: "rgba(22,120,255,.55)", shadowBlur: 60, shadowOffsetY: 14,
      } }),
      layer({ zlevel: 0, z: 1, layoutCenter: ["50%", "49.6%"], itemStyle: {
        areaColor: "#06244f", borderColor: "#1a56b4", borderWidth: 1,
      } }),
      layer({ zlevel: 0, z: 2, itemStyle: {
        areaColor: { type: "radial", x: 0.5, y: 0.45, r: 0.75, colorStops: [
          { offset: 0, color: "#12549c" }, { offset: 0.65, color: "#0b3a76" }, { offset: 1, color: "#082a5a" },
        ] },
        borderColor: "rgba(98,190,255,.75)", borderWidth: 1.2, shadowColor: "rgba(70,170,255,.35)", shadowBlur: 8,
      } }),
    ],
    series: [townNames(ground, placed, words), quietSchools(placed, words), ...LEVELS.map((level) => marked(level, placed, words)).reverse(),
      ...LEVELS.map((level) => rippling(level, placed, words, still)).reverse()],
  };
}

/** A township's name stands above its northernmost school, where no mark covers it. */
function townNames(ground, schools, words) {
  const top = new Map();
  for (const { township, position } of schools) {
    top.set(township, Math.max(top.get(township) ?? -90, position[1]));
  }
  return {
    ...base, id: "names", type: "scatter", symbolSize: 1, silent: true, zlevel: 1, z: 2, itemStyle: { color: "transparent" },
    label: {
      show: true, position: "top", distance: 12, color: "rgba(214,234,255,.86)", fontSize: 17, fontFamily: FONT,
      textBorderColor: "rgba(3,20,52,.85)", textBorderWidth: 3, formatter: ({ name }) => name,
    },
    data: [...ground.centres].map(([code, centre]) => ({
      name: words.name(ground.named.get(code), "township"), value: [centre[0], top.get(code) ?? centre[1]],
    })),
  };
}

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const base = { coordinateSystem: "geo", geoIndex: 2 };

function point(school, words) {
  return {
    value: school.position, school, list: school.list, label: words.name(school), name: school.code,
  };
}

function quietSchools(schools, words) {
  return {
    ...base, id: "quiet", type: "scatter", symbol: "circle", symbolSize: 8, zlevel: 1, z: 3,
    itemStyle: { color: "#35e0c2", borderColor: "rgba(3,20,40,.8)", borderWidth: 1.5, opacity: 0.85 },
    data: schools.filter((school) => !school.severity).map((school) => point(school, words)),
  };
}

function marked(level, schools, words) {
  return {
    ...base, id: `open-${level}`, type: "scatter", symbol: symbol(level), symbolSize: SIZES[level], zlevel: 1, z: 6,
    itemStyle: { color: COLOURS[level], borderColor: "#04122b", borderWidth: 1.5, shadowColor: COLOURS[level], shadowBlur: 10 },
    data: schools.filter((school) => school.severity === level).map((school) => point(school, words)),
  };
}

function rippling(level, schools, words, still) {
  const strong = level === "critical";
  return {
    ...base, id: `new-${level}`, type: still ? "scatter" : "effectScatter", symbol: "circle", zlevel: 2, z: 8, silent: true,
    symbolSize: still ? SIZES[level] + 14 : 10,
    showEffectOn: "render",
    rippleEffect: { period: strong ? 2.2 : 3.4, scale: strong ? 8 : 5, brushType: "stroke", number: strong ? 4 : 3 },
    itemStyle: still
      ? { color: "transparent", borderColor: COLOURS[level], borderWidth: 3 }
      : { color: COLOURS[level], opacity: 0.95 },
    data: schools.filter((school) => school.ripple === level).map((school) => point(school, words)),
  };
}

/** Built as elements: text from a database never becomes markup. */
function tooltipOf(data, words) {
  const { school } = data;
  const box = document.createElement("div");
  box.className = `tip ${school.severity ? `tip-${school.severity}` : ""}`;
  const line = (tag, text) => box.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
  line("b", words.name(school));
  line("span", `${words.name(school, "township")} · ${words.t(`school.${school.kind}`)}`);
  line("span", school.open
    ? words.t("map.open", { n: school.open, waiting: school.unacknowledged })
    : words.t("map.calm"));
  return box;
}
