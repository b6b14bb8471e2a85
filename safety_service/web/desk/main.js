/** @file Starts the duty desk. */
import { html, render } from "../lib/dom.js";
import { Frame } from "../lib/frame.js";
import { Desk } from "./desk.js";

render(html`<${Frame} title="desk.title" page=${Desk} leave=${true} />`, document.getElementById("page"));
