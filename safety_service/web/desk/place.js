/** @file Where the reader is, in the address: a link leads to an alert, and a phone's back button to the list. */
import { useCallback, useEffect, useState } from "../lib/dom.js";
import { readPlace, writePlace } from "./queue.js";

/** @returns {[import("./queue.js").Place, (next: Partial<import("./queue.js").Place>) => void]} */
export function usePlace() {
  const [place, setPlace] = useState(() => readPlace(location.search));
  useEffect(() => {
    const moved = () => setPlace(readPlace(location.search));
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  const go = useCallback((next) => {
    const here = readPlace(location.search);
    const there = { alert: 0, sheet: "", ...next };
    const address = location.pathname + writePlace(there, location.search);
    const away = there.alert || there.sheet;
    if (!away && history.state?.fromList) {
      history.back();
      return;
    }
    if (away && !here.alert && !here.sheet) history.pushState({ fromList: true }, "", address);
    else history.replaceState(history.state, "", address);
    setPlace(there);
  }, []);
  return [place, go];
}
