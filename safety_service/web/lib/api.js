/** @file Talks to the service: conditional reads, sign-in, and a session that renews itself. */

export const API = "/api/v1";

/** Nobody is signed in, and the refresh cookie did not help. */
export class SignedOut extends Error {}

/** The service answered with a problem (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** @type {Promise<boolean> | null} One renewal at a time, however many reads found the token expired. */
let renewal = null;

/** Renews the access cookie from the refresh cookie. @returns {Promise<boolean>} */
export function renew() {
  renewal ??= fetch(`${API}/auth/refresh`, { method: "POST" })
    .then((answer) => answer.ok)
    .catch(() => false)
    .finally(() => { renewal = null; });
  return renewal;
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<Response>} */
async function request(path, options = {}) {
  const send = () => fetch(path, { cache: "no-store", ...options });
  let answer = await send();
  if (answer.status === 401 && (await renew())) answer = await send();
  if (answer.status === 401) throw new SignedOut();
  if (!answer.ok && answer.status !== 304) throw new Problem(answer.status, await detailOf(answer));
  return answer;
}

/** @param {Response} answer */
async function detailOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ?? problem.title ?? `HTTP ${answer.status}`;
}

/** @param {string} path @returns {Promise<any>} */
export async function getJson(path) {
  return (await request(path, { headers: { Accept: "application/json" } })).json();
}

/**
 * @typedef {object} Fresh
 * @property {any} body the newest known answer
 * @property {boolean} changed false where the service said that nothing did
 * @property {number} asOf server time of this answer, milliseconds
 */

/** A conditional read that remembers one answer; one reader for each address, so memory stays bounded. */
export class Reader {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.etag = "";
    this.body = null;
  }

  /** @returns {Promise<Fresh>} */
  async read() {
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const answer = await request(this.path, { headers });
    const asOf = Date.parse(answer.headers.get("Date") ?? "") || Date.now();
    if (answer.status === 304) return { body: this.body, changed: false, asOf };
    this.etag = answer.headers.get("ETag") ?? "";
    this.body = await answer.json();
    return { body: this.body, changed: true, asOf: Date.parse(this.body.as_of) || asOf };
  }
}

/** @returns {Promise<object | null>} who is signed in, or null */
export async function whoAmI() {
  try {
    return await getJson(`${API}/auth/me`);
  } catch (error) {
    if (error instanceof SignedOut) return null;
    throw error;
  }
}

/** @param {string} username @param {string} password @returns {Promise<boolean>} false: refused */
export async function signIn(username, password) {
  const answer = await fetch(`${API}/auth/token`, {
    method: "POST",
    body: new URLSearchParams({ username, password, grant_type: "password" }),
  });
  if (answer.ok) return true;
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return false;
  throw new Problem(answer.status, await detailOf(answer));
}
