/** @file One ECharts instance in a Preact component: sharp at any scale, disposed with its element. */
import * as echarts from "../vendor/echarts/echarts.js";
import { html, useEffect, useRef } from "../lib/dom.js";

export { echarts };

/**
 * @param {{option: any, scale: number, onClick?: (event: any) => void, label: string, name?: string}} props
 * `option` keeps its identity while nothing changed; `scale` is how much the stage is enlarged.
 */
export function Chart({ option, scale, onClick, label, name = "" }) {
  const box = useRef(null);
  const chart = useRef(null);
  const click = useRef(onClick);
  click.current = onClick;

  useEffect(() => {
    // The stage is scaled by CSS, which would blur a canvas: it is drawn with as many pixels as are shown.
    const devicePixelRatio = Math.max(1, window.devicePixelRatio * scale);
    const made = echarts.init(box.current, null, { renderer: "canvas", devicePixelRatio });
    made.on("click", (event) => click.current?.(event));
    chart.current = made;
    if (option) made.setOption(option, { notMerge: true });
    return () => {
      chart.current = null;
      made.dispose();
    };
  }, [scale]);

  useEffect(() => {
    if (option) chart.current?.setOption(option, { notMerge: false, replaceMerge: ["series"] });
  }, [option]);

  return html`<div class="chart ${name}" ref=${box} role="img" aria-label=${label}></div>`;
}
