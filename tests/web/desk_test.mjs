/* Run by test_modules.py with Node: the queue of the duty desk and what the address says of it. Prints nothing when all holds. */
import assert from "node:assert/strict";
import {
  causeOf, covers, readFilters, readPlace, shown, silenceEnd, sorted, withAlert, writeFilters, writePlace,
} from "../../safety_service/web/desk/queue.js";

// An address says the same after reading and writing; what is not the desk's own stays.
const address = "?lang=en&severity=critical,minor&school=s1&open=false&acknowledged=false&q=cold+store&alert=7";
const filters = readFilters(address);
assert.deepEqual(filters, { severities: ["critical", "minor"], school: "s1", closed: true, waiting: true, words: "cold store" });
assert.equal(writeFilters(filters, address).length, address.length);
assert.deepEqual(readFilters(writeFilters(filters, "")), filters);
assert.equal(writeFilters(readFilters("?severity=nonsense"), "?lang=en"), "?lang=en");
assert.deepEqual(readPlace(address), { alert: 7, sheet: "" });
assert.deepEqual(readPlace("?alert=-1&sheet=help"), { alert: 0, sheet: "help" });
assert.equal(writePlace({ alert: 0, sheet: "" }, "?alert=7&school=s1"), "?school=s1");

// Worst first, then the longest waiting; the closed ones by their end.
const alert = (id, severity, raised, more = {}) => ({ id, severity, raised_at: `2026-09-01T${raised}Z`, school: "s1", title: { zh: "冷藏超温" }, ...more });
const open = readFilters("");
const queue = sorted([alert(1, "warning", "08:00"), alert(2, "critical", "09:00"), alert(3, "critical", "08:30")], open);
assert.deepEqual(queue.map(({ id }) => id), [3, 2, 1]);
const done = (id, at) => alert(id, "minor", "07:00", { closed_at: `2026-09-01T${at}Z` });
assert.deepEqual(sorted([done(1, "08:00"), done(2, "09:00")], readFilters("?open=false")).map(({ id }) => id), [2, 1]);

// News takes the place of what was known; an alert that no longer belongs leaves.
assert.deepEqual(withAlert(queue, alert(1, "critical", "08:00"), open).map(({ id }) => id), [1, 3, 2]);
assert.deepEqual(withAlert(queue, { ...queue[0], closed_at: "2026-09-01T10:00Z" }, open).map(({ id }) => id), [2, 1]);
assert.deepEqual(withAlert(queue, alert(9, "minor", "08:00", { school: "s2" }), readFilters("?school=s1")).length, 3);

// Every word must be found; what somebody has claimed does not wait.
const textOf = ({ title, school, device }) => [title.zh, school, device].join(" ");
const some = [alert(1, "minor", "08:00", { device: "T-1" }), alert(2, "minor", "08:00", { device: "t-2", acknowledged_at: "x" })];
assert.deepEqual(shown(some, { ...open, words: " 冷藏  t-" }, textOf).length, 2);
assert.deepEqual(shown(some, { ...open, words: "冷藏 T-2" }, textOf).map(({ id }) => id), [2]);
assert.deepEqual(shown(some, { ...open, waiting: true }, textOf).map(({ id }) => id), [1]);

assert.deepEqual(causeOf("inhibited:a:b"), { type: "inhibited", of: "a:b" });
assert.deepEqual(causeOf("flapping"), { type: "flapping", of: "" });
assert.equal(causeOf(null), null);
const now = Date.parse("2026-09-01T10:00:00Z");
assert.equal(silenceEnd("4", now, 0).toISOString(), "2026-09-01T14:00:00.000Z");
assert.equal(silenceEnd("night", now, Date.parse("2026-09-01T16:00:00Z")).toISOString(), "2026-09-01T16:00:00.000Z");

// A silence is about an alert when all that it names holds.
const pressed = { school: "s1", device: "p-1", kind: "panic_button", severity: "critical" };
assert.ok(covers({ school: "s1", match: { device: "p-1" } }, pressed));
assert.ok(covers({ school: null, match: { kind: ["smoke", "panic_button"], severity: { not: ["warning"] } } }, pressed));
assert.ok(!covers({ school: "s2", match: {} }, pressed));
assert.ok(!covers({ school: "s1", match: { device: "p-1", kind: { not: "panic_button" } } }, pressed));
