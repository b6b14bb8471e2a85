/** @file Starts the inspector's page. */
import { html, render } from "../lib/dom.js";
import { Frame } from "../lib/frame.js";
import { Inspect } from "./inspect.js";

render(html`<${Frame} title="inspect.title" page=${Inspect} />`, document.getElementById("page"));
