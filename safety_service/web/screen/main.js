/** @file Starts the wall screen: language, who is there, then the feed. */
import { html, render } from "../lib/dom.js";
import { App } from "./app.js";

render(html`<${App} />`, document.getElementById("screen"));
