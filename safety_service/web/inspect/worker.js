/** @file Serves the inspector's page without a network. VERSION and SHELL ([address, SHA-256] of each file) stand above, written by the service. */

const NAME = `inspect-${VERSION}`;
const PAGE = "/inspect";
/** Pages below the scope that are not the inspector's: they come from the service as they are. */
const OTHERS = new Set(["/inspect/sheet"]);
const ADDRESSES = new Set(SHELL.map(([address]) => address));

/** Every file is the one of this version, or nothing changes: never a page half old, half new. */
async function install() {
  const cache = await caches.open(NAME);
  await Promise.all(SHELL.map(async ([address, sha256]) => {
    const answer = await fetch(address, { cache: "no-cache" });
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await answer.clone().arrayBuffer()));
    const found = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (!answer.ok || found !== sha256) throw new Error(`${address} is of another version`);
    await cache.put(address, answer);
  }));
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("inspect-") && name !== NAME).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The address under which a request is kept, or null: what is not of the page goes to the service. @param {Request} request */
function keptAs(request) {
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return null;
  if (request.mode === "navigate") return OTHERS.has(pathname) ? null : PAGE;
  return ADDRESSES.has(pathname) ? pathname : null;
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const address = keptAs(event.request);
  if (!address) return;
  event.respondWith(caches.open(NAME).then((cache) => cache.match(address)).then((kept) => kept ?? fetch(event.request)));
});
