/** @file What the page must know to work without a network: forms, cafeterias, and what the last visits found. */
import { API, Problem, getJson } from "../lib/api.js";

const SCHEME = "cn.dynamic_2012";
const MOST_PAGES = 10;
const FORM_HOURS = 12;

/**
 * @typedef {object} Form what the last visit found
 * @property {string} scheme
 * @property {number | null} inspection the cafeteria's last visit when this was read
 * @property {string} read_at
 * @property {Record<string, {date?: string, result: string, note?: string | null}>} previous by item code
 */

/** @typedef {{due_on: string, owner: string | null, status: string}} Owed what must still be put right */

/** A whole list of the service. @param {string} path with a question mark @returns {Promise<any[]>} */
export async function readAll(path) {
  const found = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await getJson(`${API}${path}&limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...items);
    if (!next) break;
    cursor = next;
  }
  return found;
}

/** Every cafeteria this person may see. */
export const readCafeterias = () => readAll("/cafeterias?");

/** What is not put right yet, by cafeteria, scheme and item; nothing for who may not read it.
 * @returns {Promise<Record<string, Record<string, Record<string, Owed>>>>} */
async function readOwed() {
  const rows = await readAll("/rectifications?open=true").catch((error) => {
    if (error instanceof Problem && [403, 404].includes(error.status)) return [];
    throw error;
  });
  /** @type {Record<string, Record<string, Record<string, Owed>>>} */
  const owed = {};
  for (const { cafeteria, scheme, item, due_on, owner, status } of rows) {
    if (cafeteria && item) ((owed[cafeteria] ??= {})[scheme] ??= {})[item] = { due_on, owner, status };
  }
  return owed;
}

/** Forms that a visit alone can fill; the one whose grade hangs on the door first. @returns {Promise<any[]>} */
async function readSchemes() {
  const { items } = await getJson(`${API}/schemes`);
  const all = await Promise.all(items.filter(({ checklist }) => checklist).map(({ id }) => getJson(`${API}/schemes/${id}`)));
  const first = ({ id, on_sign: onSign }) => (onSign ? 0 : id === SCHEME ? 1 : 2);
  return all.filter(canFill).sort((one, other) => first(one) - first(other));
}

/** Whether the answers, the day and what the county knows are all that the scheme asks for. */
function canFill({ scores = "visit", inputs, checklist }) {
  const decided = [checklist.sections_input, checklist.key_failed_input, checklist.key_tally, checklist.general_tally];
  return scores === "visit" && inputs.fields.every(({ name, type, required }) => type === "date" || required === false || decided.includes(name));
}

/** Reads everything anew and keeps it. @param {import("./keep.js").Keep} keep @param {string} person */
export async function renewKnown(keep, person) {
  const [schemes, cafeterias, owed, { timezone }] = await Promise.all(
    [readSchemes(), readCafeterias(), readOwed(), getJson(`${API}/view/overview`)]);
  const known = { schemes, cafeterias, owed, timezone, read_at: new Date().toISOString() };
  await keep.remember(`known|${person}`, known);
  return known;
}

/** @param {import("./keep.js").Keep} keep @param {string} person */
export const keptKnown = (keep, person) => keep.known(`known|${person}`);

const formKey = (person, cafeteria, scheme) => `form|${person}|${cafeteria}|${scheme}`;

/** The kept form at once. @param {import("./keep.js").Keep} keep @param {string} person @param {string} cafeteria @param {string} scheme */
export const keptForm = (keep, person, cafeteria, scheme) => keep.known(formKey(person, cafeteria, scheme));

/** @param {import("./keep.js").Keep} keep @param {string} person @param {any} cafeteria @param {string} scheme @returns {Promise<Form>} */
export async function renewForm(keep, person, { id, inspection }, scheme) {
  const form = { ...(await readForm(id, scheme)), scheme, inspection, read_at: new Date().toISOString() };
  await keep.remember(formKey(person, id, scheme), form);
  return form;
}

/** Forms of all cafeterias that are missing or old, one after the other, so that each can be inspected in flight mode.
 * @param {import("./keep.js").Keep} keep @param {string} person @param {any} known @param {() => boolean} wanted false: stop */
export async function renewForms(keep, person, known, wanted) {
  const scheme = known.schemes[0].id;
  const kept = await keep.allKnown(`form|${person}|`);
  const old = new Date(Date.now() - FORM_HOURS * 3600_000).toISOString();
  for (const cafeteria of known.cafeterias) {
    const form = kept.get(`${cafeteria.id}|${scheme}`);
    if (!cafeteria.inspection || (form && form.read_at > old && form.inspection === cafeteria.inspection)) continue;
    if (!wanted()) return;
    await renewForm(keep, person, cafeteria, scheme);
  }
}

/** The service's own form, or what can be read from the last visit where it has none. */
async function readForm(cafeteria, scheme) {
  const address = `${API}/cafeterias/${encodeURIComponent(cafeteria)}`;
  try {
    return fromForm(await getJson(`${address}/form?scheme=${encodeURIComponent(scheme)}`));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    return fromVisit((await getJson(`${address}/credit`)).dynamic);
  }
}

function fromVisit(visit) {
  const items = visit?.result?.reckoning?.items ?? [];
  const previous = items.map(({ code, result, note }) => [code, { date: visit.date, result, note }]);
  return { previous: Object.fromEntries(previous) };
}

function fromForm({ items }) {
  return { previous: Object.fromEntries(items.filter(({ previous }) => previous).map(({ code, previous }) => [code, previous])) };
}
