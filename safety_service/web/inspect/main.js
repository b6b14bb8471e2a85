/** @file Starts the inspector's page. */
import { html, render } from "../lib/dom.js";
import { install } from "./install.js";
import { Start } from "./start.js";

install();
render(html`<${Start} />`, document.getElementById("page"));
