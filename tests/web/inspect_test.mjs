/* Run by test_modules.py with Node: the parts of the inspector's page that need no browser. Prints nothing when all holds. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { addMonths, exact, fraction, roundHalfUp } from "../../safety_service/web/lib/exact.js";
import { sha256, sha256Here } from "../../safety_service/web/lib/sha256.js";
import { addDays, dayIn, newId } from "../../safety_service/web/inspect/days.js";
import * as record from "../../safety_service/web/inspect/record.js";
import { waitAfter } from "../../safety_service/web/inspect/sending.js";

// Every length around the edges of a block, by the page's own hash and by the browser's.
for (let length = 0; length < 200; length += 1) {
  const bytes = new Uint8Array(randomBytes(length));
  const known = createHash("sha256").update(bytes).digest("hex");
  assert.equal(sha256Here(bytes), known, `of ${length} bytes`);
  assert.equal(await sha256(bytes), known);
}
const large = new Uint8Array(randomBytes(300_001));
assert.equal(sha256Here(large), createHash("sha256").update(large).digest("hex"));

assert.equal(roundHalfUp(exact("8.95"), 1), "9.0");
assert.equal(roundHalfUp(fraction(269n, 30n), 1), "9.0");
assert.equal(roundHalfUp(exact("8.9499"), 1), "8.9");
assert.equal(roundHalfUp(exact("0.04"), 1), "0.0");
assert.equal(roundHalfUp(exact("7.5"), 0), "8");
assert.deepEqual(["", null, "x", "1e3", "1."].map(exact), [null, null, null, null, null]);
assert.equal(addMonths("2023-11-30", 3), "2024-02-29");
assert.equal(addMonths("2022-11-30", 3), "2023-02-28");
assert.equal(addMonths("2026-12-31", 2), "2027-02-28");
assert.equal(addDays("2026-02-27", 3), "2026-03-02");
assert.equal(dayIn("Asia/Shanghai", new Date("2026-08-31T17:00:00Z")), "2026-09-01");
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
assert.match(newId(), uuid);
Object.defineProperty(crypto, "randomUUID", { value: undefined });
assert.match(newId(), uuid, "on plain http");

// From the first tap to the answer.
const NOW = "2026-09-01T01:00:00.000Z";
const items = [{ code: "1.1" }, { code: "2.1" }, { code: "S.1" }];
const file = (sha256, more = {}) => ({ sha256, media_type: "image/jpeg", size: 9, thumb: "data:,", ...more });
const about = { id: "v1", person: "li", cafeteria: { id: "c1", name_zh: "甲", name_en: "A" }, scheme: { id: "s", version: "1" }, date: "2026-09-01" };
let visit = record.newVisit(about);
visit = record.answered(visit, "1.1", { result: "pass" }, NOW);
visit = record.answered(visit, "2.1", { result: "fail", note: " x ", owner: "王", due: "2026-09-08", points: "1" }, NOW);
visit = record.withPhoto(visit, "2.1", file("a"), NOW);
visit = record.withPhoto(visit, "2.1", file("b"), NOW);
visit = record.withPhoto(visit, "2.1", file("b"), NOW);
visit = record.signed(visit, "inspector", file("s0", { media_type: "image/png" }), NOW);
visit = record.signed(visit, "inspector", file("s1", { media_type: "image/png" }), NOW);
assert.deepEqual(Object.keys(visit.files), ["a", "b", "s1"], "a wiped signature is nobody's");
visit = record.withoutPhoto(visit, "2.1", "a", NOW);
assert.deepEqual([...record.heldFiles(visit)], ["b", "s1"]);
assert.equal(visit.started_at, NOW);
const open = record.gaps(visit, items.slice(0, 2), items, "2026-09-01");
assert.deepEqual(open, { date: false, why: false, unanswered: [], owner: [], due: [], photos: [], signature: false });
assert.equal(record.gaps(visit, [], [], "2026-08-31").date, true, "the day has not come");

const waiting = record.submitted(visit, items, null, NOW);
assert.deepEqual(waiting.body.items, [
  { code: "1.1", result: "pass" }, { code: "2.1", result: "fail", note: "x", points: "1", owner: "王", due: "2026-09-08" }]);
assert.deepEqual(waiting.body.attachments.map(({ sha256, role, item }) => [sha256, role, item]), [["b", "photo", "2.1"], ["s1", "signature", null]]);
assert.equal(waiting.body.id, "v1");
assert.ok(!("inspectors" in waiting.body) && !("corrects" in waiting.body) && !("place" in waiting.body));
assert.deepEqual(record.submitted({ ...visit, second: "赵" }, items, null, NOW).body.inspectors, ["li", "赵"]);
const passed = record.answered(visit, "2.1", { result: "pass" }, NOW);
assert.deepEqual(record.bodyOf(passed, items, NOW).items[1], { code: "2.1", result: "pass", note: "x" }, "what passed has no owner");

// What waits is what will be sent: no tap, no other tab changes it.
for (const change of [record.answered(waiting, "1.1", { result: "fail" }, NOW), record.withPhoto(waiting, "1.1", file("z"), NOW),
  record.signed(waiting, "canteen", file("z"), NOW), record.submitted(waiting, items, null, "later")]) assert.deepEqual(change, waiting);

// The phone lets go of files only when every one was confirmed and the inspection was stored.
const stored = record.queued(waiting, { tried: true, stored: { id: 7 } });
assert.equal(record.sent(stored, null, NOW).state, "waiting");
const half = record.queued(stored, { confirmed: ["b"] });
assert.deepEqual(record.filesToSend(half), ["s1"]);
assert.equal(record.sent(half, null, NOW).state, "waiting");
assert.deepEqual([...record.heldFiles(half)], ["b", "s1"]);
const full = record.queued(half, { confirmed: ["b", "s1"] });
assert.equal(record.sent(record.queued(waiting, { confirmed: ["b", "s1"] }), null, NOW).state, "waiting", "not without the inspection");
const done = record.sent(full, null, NOW);
assert.deepEqual([done.state, done.result.id, record.heldFiles(done).size], ["sent", 7, 0]);
const refusedFile = record.queued(half, { refused: { s1: "not an image" } });
assert.deepEqual([record.filesToSend(refusedFile).length, record.sent(refusedFile, null, NOW).state], [0, "waiting"], "a person decides");
assert.equal(record.sent(record.givenUp(refusedFile), null, NOW).state, "sent");

// Taken back only while it never left; refused, it is a draft that says where.
assert.equal(record.reopened(waiting).state, "draft");
assert.equal(record.reopened(record.queued(waiting, { tried: true })).state, "waiting");
const problems = [{ place: "items[1].due", reason: "is too far" }, { place: "date", reason: "is in the future" },
  { place: "items", reason: "key item 3.1 is not answered (pass, fail or absent)" }];
const back = record.reopened(stored, { status: 422, detail: "no", problems });
assert.equal(back.edition, 2);
assert.deepEqual(record.reasonsOf(back).map(({ code, field }) => [code, field]), [["2.1", "due"], [null, "date"], ["3.1", "items"]]);
assert.equal(record.answered(back, "1.1", { result: "fail" }, NOW).answers["1.1"].result, "fail");

// A correction is an inspection of its own.
const revision = record.revisionOf(done, { ...about, id: "v2" });
assert.deepEqual([revision.state, revision.corrects, revision.answers["2.1"].photos], ["draft", 7, ["b"]]);
assert.deepEqual([Object.keys(revision.files), revision.signatures], [["b"], {}], "it is signed anew");
assert.equal(record.bodyOf(revision, items, NOW).corrects, 7);
assert.equal(record.gaps(revision, [], [], "2026-09-01").why, true, "it says why");

// Longer and longer, never for ever, and not all at once.
assert.deepEqual([1, 2, 3, 20].map((failures) => waitAfter(failures, 0.5)), [2000, 4000, 8000, 300_000]);
assert.ok(waitAfter(3, 0) < waitAfter(3, 1) && waitAfter(99, 1) <= 361_000);
