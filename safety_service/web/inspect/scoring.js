/** @file The score of a checklist as far as it is answered, by the scheme's own data: what the service will say too. */
import { ZERO, addMonths, compared, exact, fraction, over, plus, roundHalfUp, sum, times } from "../lib/exact.js";

/** Dates that the county keeps of a cafeteria; they may forbid a grade whatever the visit finds. */
const FACTS = ["licence_issued", "accident", "penalty_beyond_warning"];
/** A number against its limit, by the sign of the difference. @type {Record<string, (sign: number) => boolean>} */
const TESTS = {
  at_or_above: (sign) => sign >= 0, above: (sign) => sign > 0, at_or_below: (sign) => sign <= 0, below: (sign) => sign < 0,
};
/** What a band may say beside its limits without deciding anything. */
const PLAIN = ["grade", "labels", "min", "max", "min_incl", "max_incl", "icon", "letter", "next_visit"];
const MEASURED = "measured";

/**
 * @typedef {object} Standing
 * @property {string | null} value rounded; null: nothing answered yet, or withheld
 * @property {any} band the grade's band, or null
 * @property {any} override the rule that takes the grade away, or null
 * @property {number} answered graded items with an answer
 * @property {number} of graded items
 * @property {number} keyFailed
 */

/** Whether this page knows everything by which the scheme decides. @param {any} scheme */
export function canScore(scheme) {
  const { measure, checklist, overrides = [], bands = [] } = scheme ?? {};
  if (measure?.op !== "mean_of_sections" || measure.absent_section !== "drop" || measure.of !== checklist?.sections_input) return false;
  const { mode, stage } = measure.rounding ?? {};
  return mode === "half_up" && stage === "before_band" && checklist.absent_item === "rescale"
    && !scheme.visit_types && !scheme.hearing && !scheme.adjust
    && bands.length > 0 && bands.every((band) => Object.entries(band).every(([name, value]) => isNothing(value) || PLAIN.includes(name)))
    && overrides.every(({ effect, when }) => effect === "no_grade" && ["within_months", ...Object.keys(TESTS)].some((test) => !isNothing(when[test])));
}

const isNothing = (value) => value === null || value === undefined;

/**
 * @param {any} scheme @param {string} day of the visit
 * @param {any} cafeteria with the dates that the county knows
 * @param {Record<string, {result: string, points?: string}>} answers by item code
 * @returns {Standing | null} null where the scheme decides by something that this page does not know
 */
export function standing(scheme, day, cafeteria, answers) {
  if (!canScore(scheme)) return null;
  const { checklist, measure } = scheme;
  const given = checklist.items.filter(({ code }) => answers[code]?.result);
  const failedKeys = given.filter(({ code, key }) => key && answers[code].result === "fail");
  const scores = checklist.sections.map((_, index) =>
    sectionScore(maximumOf(scheme), given.filter(({ section }) => section === index + 1), answers)).filter(Boolean);
  const mean = scores.length ? over(sum(scores), fraction(BigInt(scores.length))) : null;
  const rounded = mean && roundHalfUp(mean, measure.rounding.places);
  const facts = {
    ...Object.fromEntries(FACTS.map((name) => [name, known(scheme, cafeteria?.[name], name, day)])),
    [checklist.key_failed_input]: String(failedKeys.length),
    [MEASURED]: rounded,
  };
  const override = scheme.overrides.find(({ when }) => holds(when, facts, day)) ?? null;
  return {
    value: override?.score === "withheld" ? null : rounded,
    band: override || rounded === null ? null : bandOf(scheme, rounded),
    override: rounded === null ? null : override,
    answered: given.length,
    of: checklist.items.length,
    keyFailed: failedKeys.length,
  };
}

/** @param {any} scheme */
function maximumOf(scheme) {
  const field = scheme.inputs.fields.find(({ name }) => name === scheme.checklist.sections_input);
  return exact(field?.maximum ?? 10) ?? ZERO;
}

/** maximum × points earned / points present; null where every item is absent. */
function sectionScore(maximum, items, answers) {
  const present = items.filter(({ code }) => answers[code].result !== "absent");
  const possible = sum(present.map(({ points }) => exact(points) ?? ZERO));
  if (possible.n === 0n) return null;
  const earned = present.reduce((total, item) => plus(total, earnedOf(item, answers[item.code])), ZERO);
  return over(times(maximum, earned), possible);
}

/** All of a passed item, none of a failed one unless a part of it was given. */
function earnedOf({ points }, { result, points: part }) {
  return (result === "pass" ? exact(points) : exact(part)) ?? ZERO;
}

/** A date of the cafeteria where the scheme asks for it; what came after the visit is no part of it. */
function known(scheme, date, name, day) {
  const asked = scheme.inputs.fields.some((field) => field.name === name && field.type === "date");
  return asked && date && date <= day ? date : null;
}

function holds(when, facts, day) {
  const fact = facts[when.fact] ?? null;
  if (fact === null) return false;
  if (!isNothing(when.within_months)) return addMonths(fact, when.within_months) > day;
  const number = exact(fact) ?? ZERO;
  return Object.entries(TESTS).some(([test, passes]) => !isNothing(when[test]) && passes(compared(number, exact(when[test]) ?? ZERO)));
}

/** An edge that is not given is open; one that is belongs to the band unless it says otherwise. */
function bandOf(scheme, rounded) {
  const value = exact(rounded) ?? ZERO;
  const within = (edge, included, side) => {
    if (isNothing(edge)) return true;
    const sign = compared(value, exact(edge) ?? ZERO) * side;
    return sign > 0 || (sign === 0 && included !== false);
  };
  return scheme.bands.find((band) => within(band.min, band.min_incl, 1) && within(band.max, band.max_incl, -1)) ?? null;
}
