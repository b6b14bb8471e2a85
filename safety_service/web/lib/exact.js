/** @file Exact numbers: fractions of whole numbers, so that a score reckoned here is the one reckoned there. */

/** @typedef {{n: bigint, d: bigint}} Fraction with `d` above zero, not always in lowest terms */

const DECIMAL = /^([+-]?)(\d{1,15})(?:\.(\d{1,15}))?$/;

/** @param {bigint} n @param {bigint} [d] @returns {Fraction} */
export const fraction = (n, d = 1n) => ({ n, d });
export const ZERO = fraction(0n);

/** What was written, or null for what is no number. @param {unknown} written @returns {Fraction | null} */
export function exact(written) {
  const [whole, sign, before, after = ""] = DECIMAL.exec(String(written ?? "").trim()) ?? [];
  if (whole === undefined) return null;
  const digits = BigInt(before + after);
  return fraction(sign === "-" ? -digits : digits, 10n ** BigInt(after.length));
}

/** @param {Fraction} a @param {Fraction} b */
export const plus = (a, b) => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
/** @param {Fraction} a @param {Fraction} b */
export const times = (a, b) => fraction(a.n * b.n, a.d * b.d);
/** @param {Fraction} a @param {Fraction} b above zero */
export const over = (a, b) => fraction(a.n * b.d, a.d * b.n);
/** Below zero, zero or above: a against b. @param {Fraction} a @param {Fraction} b */
export const compared = (a, b) => Number(a.n * b.d - b.n * a.d > 0n) - Number(a.n * b.d - b.n * a.d < 0n);
/** @param {Fraction[]} all */
export const sum = (all) => all.reduce(plus, ZERO);

/** Halves go up, as the published rules have it; never for numbers below zero.
 * @param {Fraction} value @param {number} places @returns {string} */
export function roundHalfUp(value, places) {
  const scale = 10n ** BigInt(places);
  const digits = String((2n * value.n * scale + value.d) / (2n * value.d)).padStart(places + 1, "0");
  return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
}

/** The same day so many months later, in a shorter month its last day. @param {string} day YYYY-MM-DD @param {number} months */
export function addMonths(day, months) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}
