/** @file One visit from the first tap to the server's answer, as plain data; every change is a pure function. */

export const RESULTS = ["pass", "fail", "absent"];
export const SIGNERS = ["inspector", "canteen"];
/** @typedef {"draft" | "waiting" | "sent"} State draft: may be changed; waiting: as it will be sent; sent: confirmed */

/**
 * @typedef {object} FileNote what is known of a photo or signature; its bytes lie beside the visit
 * @property {string} sha256
 * @property {string} media_type
 * @property {number} size
 * @property {string} thumb a small picture as a data: address
 */

/**
 * @typedef {object} Given
 * @property {string} [result] pass, fail or absent
 * @property {string} [note]
 * @property {string} [points] a part of a failed item's points
 * @property {string} [owner] who puts it right
 * @property {string} [due] YYYY-MM-DD
 * @property {string[]} [photos] by SHA-256
 */

/** @param {{id: string, person: string, cafeteria: any, scheme: any, date: string, before?: any, corrects?: any}} about */
export function newVisit({ id, person, cafeteria, scheme, date, before = null, corrects = null }) {
  return {
    id,
    sent_as: id,
    person,
    cafeteria: cafeteria.id,
    names: { name_zh: cafeteria.name_zh, name_en: cafeteria.name_en },
    scheme: scheme.id,
    version: scheme.version,
    state: /** @type {State} */ ("draft"),
    date,
    inspector: person,
    second: "",
    note: "",
    answers: /** @type {Record<string, Given>} */ ({}),
    signatures: /** @type {Record<string, string>} */ ({}),
    files: /** @type {Record<string, FileNote>} */ ({}),
    place: null,
    before,
    corrects,
    started_at: null,
    finished_at: null,
    touched_at: null,
    edition: 1,
    refused: null,
    body: null,
    local: null,
    queue: null,
    result: null,
    previous: null,
    sent_at: null,
  };
}

/** A revision of a visit that was stored: its answers to begin with, under an id of its own. */
export function revisionOf(visit, about) {
  const { date, inspector, second, answers, files, signatures, before } = visit;
  const photos = Object.fromEntries(Object.entries(files).filter(([sha256]) => !Object.values(signatures).includes(sha256)));
  return { ...newVisit({ ...about, before, corrects: visit.result.id }), date, inspector, second, answers, files: photos };
}

/** The same visit with these changes; one that waits or was sent stays as it is. @param {any} visit @param {object} news @param {string} now */
export function edited(visit, news, now) {
  if (visit.state !== "draft") return visit;
  return { ...visit, ...news, started_at: visit.started_at ?? now, touched_at: now };
}

/** @param {any} visit @param {string} code @param {Given} news @param {string} now */
export function answered(visit, code, news, now) {
  return edited(visit, { answers: { ...visit.answers, [code]: { ...visit.answers[code], ...news } } }, now);
}

/** @param {any} visit @param {string} code @param {FileNote} file @param {string} now */
export function withPhoto(visit, code, file, now) {
  if (visit.state !== "draft") return visit;
  const photos = visit.answers[code]?.photos ?? [];
  if (photos.includes(file.sha256)) return visit;
  const files = { ...visit.files, [file.sha256]: file };
  return answered({ ...visit, files }, code, { photos: [...photos, file.sha256] }, now);
}

/** @param {any} visit @param {string} code @param {string} sha256 @param {string} now */
export function withoutPhoto(visit, code, sha256, now) {
  const photos = (visit.answers[code]?.photos ?? []).filter((one) => one !== sha256);
  return tidied(answered(visit, code, { photos }, now));
}

/** @param {any} visit @param {string} who of SIGNERS @param {FileNote | null} file null: wiped out @param {string} now */
export function signed(visit, who, file, now) {
  if (visit.state !== "draft") return visit;
  const { [who]: _, ...others } = visit.signatures;
  const signatures = file ? { ...others, [who]: file.sha256 } : others;
  return tidied(edited(visit, { signatures, files: file ? { ...visit.files, [file.sha256]: file } : visit.files }, now));
}

function tidied(visit) {
  const named = namedFiles(visit);
  return { ...visit, files: Object.fromEntries(Object.entries(visit.files).filter(([sha256]) => named.has(sha256))) };
}

/** @param {any} visit @returns {Set<string>} */
function namedFiles(visit) {
  return new Set([...Object.values(visit.answers).flatMap(({ photos }) => photos ?? []), ...Object.values(visit.signatures)]);
}

/** The files whose bytes this phone must hold: all, until the server has confirmed every one. @param {any} visit @returns {Set<string>} */
export function heldFiles(visit) {
  return visit.state === "sent" ? new Set() : new Set(Object.keys(visit.files));
}

/** What the service is sent. @param {any} visit @param {any[]} items of the checklist @param {string} now */
export function bodyOf(visit, items, now) {
  const text = (value) => value?.trim() || undefined;
  const inspectors = [text(visit.inspector), text(visit.second)].filter(Boolean);
  const given = items.filter(({ code }) => visit.answers[code]?.result);
  return withoutNothing({
    id: visit.sent_as,
    scheme: visit.scheme,
    date: visit.date,
    inspector: inspectors[0],
    inspectors: inspectors.length > 1 ? inspectors : undefined,
    note: text(visit.note),
    items: given.map(({ code }) => itemOf(code, visit.answers[code])),
    place: visit.place ?? undefined,
    started_at: visit.started_at ?? undefined,
    finished_at: now,
    corrects: visit.corrects ?? undefined,
    attachments: attachmentsOf(visit, given),
  });
}

/** @param {string} code @param {Given} given */
function itemOf(code, { result, note, points, owner, due }) {
  const failed = result === "fail";
  return withoutNothing({
    code,
    result,
    note: note?.trim() || undefined,
    points: (failed && points) || undefined,
    owner: (failed && owner?.trim()) || undefined,
    due: (failed && due) || undefined,
  });
}

function attachmentsOf(visit, given) {
  const about = (sha256, role, item) => {
    const { media_type, size } = visit.files[sha256];
    return { sha256, media_type, size, role, item };
  };
  const photos = given.flatMap(({ code }) => (visit.answers[code].photos ?? []).map((sha256) => about(sha256, "photo", code)));
  const signatures = SIGNERS.filter((who) => visit.signatures[who]).map((who) => about(visit.signatures[who], "signature", null));
  return [...photos, ...signatures];
}

const withoutNothing = (entry) => Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));

/** Into the queue, exactly as it will be sent: from here on nothing changes it. @param {any} visit @param {any[]} items @param {any} local @param {string} now */
export function submitted(visit, items, local, now) {
  if (visit.state !== "draft") return visit;
  return {
    ...visit,
    state: "waiting",
    finished_at: now,
    touched_at: now,
    refused: null,
    local,
    body: bodyOf(visit, items, now),
    queue: { attempts: 0, tried: false, retry_at: 0, trouble: "", stored: null, confirmed: [], refused: {}, given_up: [] },
  };
}

/** Back to a draft. Only the service's refusal, or never having left this phone, allows it. @param {any} visit @param {any} refused */
export function reopened(visit, refused = null) {
  if (visit.state !== "waiting" || (!refused && visit.queue.tried)) return visit;
  return { ...visit, state: "draft", refused: refused && { ...refused, codes: visit.body.items.map(({ code }) => code) },
    edition: visit.edition + 1, body: null, queue: null, local: null };
}

/** @param {any} visit @param {any} news of the queue */
export function queued(visit, news) {
  return visit.state === "waiting" ? { ...visit, queue: { ...visit.queue, ...news } } : visit;
}

/** The files of a waiting visit that the server has neither confirmed nor refused. @param {any} visit @returns {string[]} */
export function filesToSend({ body, queue }) {
  const all = new Set(body.attachments.map(({ sha256 }) => sha256));
  return [...all].filter((sha256) => ![...queue.confirmed, ...queue.given_up].includes(sha256) && !queue.refused[sha256]);
}

/** A person lets go of files that the server refused for good: nothing else can end their waiting. @param {any} visit */
export function givenUp(visit) {
  if (visit.state !== "waiting") return visit;
  const { refused, given_up: before } = visit.queue;
  return queued(visit, { refused: {}, given_up: [...before, ...Object.keys(refused)], trouble: "", retry_at: 0 });
}

/** Confirmed in every part, with what the service said of it. @param {any} visit @param {any} previous @param {string} now */
export function sent(visit, previous, now) {
  const { queue } = visit;
  if (visit.state !== "waiting" || !queue.stored || filesToSend(visit).length || Object.keys(queue.refused).length) return visit;
  return { ...visit, state: "sent", result: queue.stored, previous, sent_at: now };
}

/** What a person should look at before sending; with a wrong `date`, items `unanswered`, or a correction that does
 * not say `why`, it cannot be sent.
 * @param {any} visit @param {any[]} graded items that must be answered @param {any[]} items all @param {string} today */
export function gaps(visit, graded, items, today) {
  const failed = items.filter(({ code }) => visit.answers[code]?.result === "fail");
  const without = (field) => failed.filter(({ code }) => !visit.answers[code][field]?.length).map(({ code }) => code);
  return {
    date: !visit.date || visit.date > today,
    why: Boolean(visit.corrects) && !visit.note.trim(),
    unanswered: graded.filter(({ code }) => !visit.answers[code]?.result).map(({ code }) => code),
    owner: without("owner"),
    due: without("due"),
    photos: without("photos"),
    signature: !visit.signatures.inspector,
  };
}

/** The refusal's reasons by where they belong: `items[3].due` is of the fourth item that was sent.
 * @param {any} visit @returns {{code: string | null, field: string, reason: string}[]} */
export function reasonsOf(visit) {
  return (visit.refused?.problems ?? []).map(({ place, reason }) => {
    const [, index, field = ""] = /^items\[(\d+)\]\.?(.*)$/.exec(place) ?? [];
    const named = /\bitem (\S+) is not answered/.exec(reason)?.[1];
    const code = index === undefined ? named ?? null : visit.refused.codes[Number(index)] ?? null;
    return { code, field: index === undefined ? place : field, reason };
  });
}
