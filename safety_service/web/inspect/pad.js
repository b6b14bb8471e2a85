/** @file A signature by finger, pen or mouse, kept as a PNG after each stroke. */
import { html, useEffect, useRef, useState } from "../lib/dom.js";
import { asPng } from "./photo.js";

const WIDTH = 900;
const HEIGHT = 360;
const INK = "#111";

/** @param {{name: string, caption: string, thumb: string | undefined, locked: boolean, words: any, signed: (taken: any) => void, wiped: () => void}} props
 *  `caption` is written into the picture, so that it says itself whose it is */
export function Pad({ name, caption, thumb, locked, words, signed, wiped }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [open, setOpen] = useState(!thumb);
  useEffect(() => { if (canvas.current) blank(canvas.current, caption); }, [open]);
  const writing = useRef(/** @type {{at: number[] | null, saving: Promise<void>}} */ ({ at: null, saving: Promise.resolve() }));
  const begin = (event) => {
    if (locked || (event.pointerType === "mouse" && event.button)) return;
    event.preventDefault();
    canvas.current.setPointerCapture(event.pointerId);
    writing.current.at = pointOf(event);
    stroke(canvas.current, writing.current.at, writing.current.at);
  };
  const move = (event) => {
    if (!writing.current.at) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length ? between : [event]) {
      const point = pointOf(one, canvas.current);
      stroke(canvas.current, writing.current.at, point);
      writing.current.at = point;
    }
  };
  const end = () => {
    if (!writing.current.at) return;
    writing.current.at = null;
    // One after the other: the picture of the last stroke is the one that stays.
    writing.current.saving = writing.current.saving.then(() => asPng(canvas.current)).then(signed);
  };
  const again = () => {
    wiped();
    setOpen(true);
    if (canvas.current) blank(canvas.current, caption);
  };
  return html`<div class="pad" data-pad=${name}>
    <div class="pad-head"><b>${words.t(`inspect.sign.${name}`)}</b>
      ${thumb && !locked && html`<button type="button" class="small" data-do="sign-again" onClick=${again}>${words.t("inspect.sign.again")}</button>`}</div>
    ${open && !locked
      ? html`<canvas ref=${canvas} width=${WIDTH} height=${HEIGHT} role="img" aria-label=${words.t(`inspect.sign.${name}`)}
          onPointerDown=${begin} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end}></canvas>`
      : thumb && html`<img src=${thumb} alt=${words.t(`inspect.sign.${name}`)} />`}
  </div>`;
}

/** Where on the canvas, however large it is shown. */
function pointOf(event, canvas = event.currentTarget) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
}

function stroke(canvas, from, to) {
  const pen = canvas.getContext("2d");
  Object.assign(pen, { strokeStyle: INK, lineWidth: 6, lineCap: "round", lineJoin: "round" });
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}

/** White paper whatever the colours of the page, a line to sign on, and whose signature it is. */
function blank(canvas, caption) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  Object.assign(pen, { strokeStyle: "#c5ccd8", lineWidth: 2 });
  pen.beginPath();
  pen.moveTo(40, HEIGHT - 70);
  pen.lineTo(WIDTH - 40, HEIGHT - 70);
  pen.stroke();
  Object.assign(pen, { fillStyle: "#5b6677", font: "26px system-ui, sans-serif" });
  pen.fillText(caption, 40, HEIGHT - 26, WIDTH - 80);
}
