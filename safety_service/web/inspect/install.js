/** @file The page as an app of the phone: the worker that serves it without a network, and room that is not taken away. */

const WORKER = "/inspect/worker.js";
const SCOPE = "/inspect";

/** Workers exist on https and localhost only; elsewhere the page works as long as it stays open. */
export function install() {
  navigator.serviceWorker?.register(WORKER, { scope: SCOPE, updateViaCache: "none" }).catch(() => {});
}

/** Asks that the phone does not clear away what waits here when its storage runs short. */
export function keepStorage() {
  navigator.storage?.persist?.().catch(() => {});
}

/** Calls back when a newer page stands ready; what is kept here survives its loading. @param {() => void} told @returns {() => void} ends it */
export function onNewVersion(told) {
  const workers = navigator.serviceWorker;
  // The first worker of a phone takes over as well, and is no news.
  if (!workers?.controller) return () => {};
  workers.addEventListener("controllerchange", told);
  return () => workers.removeEventListener("controllerchange", told);
}
