/** @file Writes to the service: with the bearer token, which lives in memory only and renews itself. */
import { API, Problem, SignedOut } from "./api.js";

/** @typedef {{place: string, reason: string}} Place */

/** The service refused, with every place and reason it named. */
export class Refusal extends Problem {
  /** @param {number} status @param {string} detail @param {Place[]} problems */
  constructor(status, detail, problems) {
    super(status, detail);
    this.problems = problems;
  }
}

/** The request left, and nobody can say whether it arrived. */
export class Unanswered extends Error {
  /** @param {string} why @param {number} [status] of a gateway between; 0: no answer at all */
  constructor(why, status = 0) {
    super(why);
    this.status = status;
  }
}

/** A phone at the edge of a network waits for ever; what left is then unanswered. */
const PATIENCE_MS = 120_000;

let token = "";
/** Whether the service itself said that the refresh cookie is worth nothing, not a gateway before it. */
let over = false;
/** @type {Promise<boolean> | null} One renewal at a time, however many writes wait for it. */
let renewal = null;

/** Renews token and cookies from the refresh cookie. @returns {Promise<boolean>} */
export function renewToken() {
  renewal ??= fetch(`${API}/auth/refresh`, { method: "POST" })
    .then(async (answer) => {
      over = answer.status === 401;
      if (answer.ok) token = (await answer.json()).access_token;
      else if (over) token = "";
      return answer.ok;
    })
    .catch(() => { over = false; return false; })
    .finally(() => { renewal = null; });
  return renewal;
}

/** Forgets whose token it was: another person may sign in next. */
export function forgetToken() {
  token = "";
}

/**
 * @param {string} path @param {object} body @param {Record<string, string>} [headers]
 * @returns {Promise<any>} throws Refusal, SignedOut or Unanswered
 */
export function post(path, body, headers = {}) {
  return write(path, "POST", JSON.stringify(body), { "Content-Type": "application/json", ...headers });
}

/** Bytes under the name of what they are. @param {string} path @param {ArrayBuffer} bytes @param {string} mediaType
 * @returns {Promise<any>} throws Refusal, SignedOut or Unanswered */
export function put(path, bytes, mediaType) {
  return write(path, "PUT", bytes, { "Content-Type": mediaType });
}

/** Ends what stands at this address. @param {string} path @returns {Promise<any>} throws Refusal, SignedOut or Unanswered */
export function end(path) {
  return write(path, "DELETE", null, {});
}

/** A key under which a write counts once, however often it is sent. @returns {Record<string, string>} */
export function onceKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { "Idempotency-Key": Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** @param {string} path @param {string} method @param {BodyInit | null} body @param {Record<string, string>} headers */
async function write(path, method, body, headers) {
  if (!token) await renewToken();
  let answer = await send(path, method, body, headers);
  if (answer.status === 401 && (await renewToken())) answer = await send(path, method, body, headers);
  if (answer.status === 401 && over) throw new SignedOut();
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => null);
  if (answer.ok && content) return content;
  // Without a problem in it the answer is a gateway's, not the service's: the write may have happened.
  if (!content?.detail) throw new Unanswered(`HTTP ${answer.status}`, answer.status);
  throw new Refusal(answer.status, content.detail, content.problems ?? []);
}

/** @param {string} path @param {string} method @param {BodyInit | null} body @param {Record<string, string>} headers */
async function send(path, method, body, headers) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    return await fetch(path, {
      method,
      cache: "no-store",
      headers: { Accept: "application/json", ...authorization, ...headers },
      body,
      signal: patience.signal,
    });
  } catch (error) {
    throw new Unanswered(error.message);
  } finally {
    clearTimeout(timer);
  }
}
