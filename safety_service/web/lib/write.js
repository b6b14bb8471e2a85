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
export class Unanswered extends Error {}

let token = "";
/** @type {Promise<boolean> | null} One renewal at a time, however many writes wait for it. */
let renewal = null;

/** Renews token and cookies from the refresh cookie. @returns {Promise<boolean>} */
export function renewToken() {
  renewal ??= fetch(`${API}/auth/refresh`, { method: "POST" })
    .then(async (answer) => {
      if (answer.ok) token = (await answer.json()).access_token;
      else if (answer.status === 401) token = "";
      return answer.ok;
    })
    .catch(() => false)
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
export async function post(path, body, headers = {}) {
  if (!token) await renewToken();
  let answer = await send(path, body, headers);
  if (answer.status === 401 && (await renewToken())) answer = await send(path, body, headers);
  if (answer.status === 401) throw new SignedOut();
  const content = await answer.json().catch(() => null);
  if (answer.ok && content) return content;
  // Without a problem in it the answer is a gateway's, not the service's: the write may have happened.
  if (!content?.detail) throw new Unanswered(`HTTP ${answer.status}`);
  throw new Refusal(answer.status, content.detail, content.problems ?? []);
}

/** @param {string} path @param {object} body @param {Record<string, string>} headers */
async function send(path, body, headers) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  try {
    return await fetch(path, {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...authorization, ...headers },
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw new Unanswered(error.message);
  }
}
