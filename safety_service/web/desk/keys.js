/** @file The keyboard of the desk: one letter, one step; never while somebody is writing. */
import { useEffect, useRef } from "../lib/dom.js";

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} does by key; `j`, `k`, `Escape` and so on
 */
export function useKeys(does) {
  const latest = useRef(does);
  latest.current = does;
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const field = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "radio" && event.target.type !== "checkbox";
      if (field) {
        if (event.key === "Escape") event.target.blur();
        return;
      }
      const step = Object.hasOwn(latest.current, event.key) && latest.current[event.key];
      if (!step) return;
      step(event);
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
