/* Run by test_modules.py with Node: the parts of the screen that need no browser. Prints nothing when all holds. */
import assert from "node:assert/strict";
import { KEPT_ALERTS, freshness, handling, inOrder, markers, withAlert, withSnapshot } from "../../safety_service/web/screen/state.js";
import { listing, targetOf } from "../../safety_service/web/screen/listing.js";
import { aspectOf, schematic } from "../../safety_service/web/screen/schematic.js";

const NOW = Date.parse("2026-09-01T00:00:00Z");
const alert = (id, more = {}) => ({ id, school: "s1", severity: "minor", raised_at: "2026-08-31T23:59:00Z", ...more });

// Lists stay bounded and in order, whatever comes.
let alerts = [];
for (let id = 1; id <= 500; id++) alerts = withAlert(alerts, alert(id));
assert.equal(alerts.length, KEPT_ALERTS);
assert.equal(alerts[0].id, 500);
assert.equal(withAlert(alerts, alert(500, { count: 9 })).filter(({ id }) => id === 500).length, 1);

// A snapshot replaces what is known; what was raised since stays.
const merged = withSnapshot([alert(12), alert(11, { old: true }), alert(3)], [alert(11), alert(10)]);
assert.deepEqual(merged.map(({ id }) => id), [12, 11, 10]);
assert.equal(merged[1].old, undefined);
assert.deepEqual(withSnapshot([alert(2)], []).map(({ id }) => id), [2]);

// What is over goes below what is going on, after a minute.
const closed = (id, at) => alert(id, { closed_at: at });
const order = inOrder([closed(5, "2026-08-31T23:00:00Z"), closed(4, "2026-08-31T23:59:50Z"), alert(3)], NOW);
assert.deepEqual(order.map(({ id }) => id), [4, 3, 5]);

assert.equal(handling(alert(1, { condition: "resolved" })), "resolved");
assert.equal(handling(alert(1, { acknowledged_at: "x", condition: "resolved" })), "acknowledged");
assert.equal(handling(closed(1, "x")), "closed");

// The map shows the worse of snapshot and stream, and ripples only for news nobody has claimed.
const school = (id, severity, coordinates) => ({
  id, geometry: coordinates && { type: "Point", coordinates }, properties: { township: `t-${id}`, severity },
});
const map = { features: [school("s1", "warning", [116, 35]), school("s2", "major", [116.2, 35.1]), school("s3", null, null)] };
const [one, two, three] = markers(map, [alert(1, { severity: "critical" }), alert(2, { school: "s2", acknowledged_at: "x" })], NOW);
assert.deepEqual([one.severity, one.ripple], ["critical", "critical"]);
assert.deepEqual([two.severity, two.ripple], ["major", null]);
assert.equal(three.position, undefined);
assert.equal(markers(map, [alert(1)], NOW + 6 * 60_000)[0].ripple, null);
assert.deepEqual(markers(null, [], NOW), []);

assert.equal(freshness({ lagging: false }, 3), "fresh");
assert.equal(freshness({ lagging: true }, 3), "late");
assert.equal(freshness({ lagging: false }, 61), "stale");
assert.equal(freshness(null, 0), "stale");

// The drawn county: a closed cell for each township, around its own schools, neighbours sharing their line.
const places = [];
for (let town = 0; town < 9; town++) {
  for (let index = 0; index < 5; index++) {
    const at = [116 + 0.1 * (town % 3) + 0.01 * Math.cos(index), 35 + 0.08 * Math.floor(town / 3) + 0.01 * Math.sin(index)];
    places.push({ id: `${town}-${index}`, geometry: { coordinates: at }, properties: { township: `t${town}` } });
  }
}
const drawn = schematic(places);
assert.equal(drawn.geojson.features.length, 9);
const inside = ([x, y], ring) => ring.reduce((odd, [ax, ay], index) => {
  const [bx, by] = ring[(index + 1) % ring.length];
  return ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !odd : odd;
}, false);
const rings = new Map(drawn.geojson.features.map(({ properties, geometry }) => [properties.name, geometry.coordinates[0]]));
for (const [code, centre] of drawn.centres) {
  assert.deepEqual(rings.get(code)[0], rings.get(code).at(-1));
  for (const [other, ring] of rings) assert.equal(inside(centre, ring), other === code, `${code} in ${other}`);
}
const corners = (code) => new Set(rings.get(code).map(([x, y]) => `${x.toFixed(5)},${y.toFixed(5)}`));
const shared = [...corners("t0")].filter((corner) => corners("t1").has(corner));
assert.ok(shared.length > 10, `neighbours share ${shared.length} points`);

// Places that cannot be drawn still give a picture.
for (const features of [[], [school("a", null, [116, 35])], [school("a", null, null), school("b", null, null)]]) {
  const { geojson } = schematic(features);
  assert.equal(geojson.features.length, new Set(features.map(({ properties }) => properties.township)).size);
  assert.ok(geojson.features.every(({ geometry }) => geometry.coordinates[0].flat().every(Number.isFinite)));
}

// A map brought by the bureau is drawn in its own proportion.
const square = { geometry: { coordinates: [[[[116, 59], [117, 59], [117, 61], [116, 59]]]] } };
assert.ok(Math.abs(aspectOf([square]) - 0.5) < 1e-9);

// The list behind a number shows what its rows know, and each row leads on to what is behind it.
const late = listing("/api/v1/rectifications?overdue=true", { items: [{ id: 4, due_on: "2026-09-01", title: { zh: "x" }, school: "s1", owner: null }] });
assert.deepEqual(late.columns, ["due_on", "what", "school"]);
assert.equal(targetOf(late.noun, late.rows[0]), "/api/v1/rectifications/4");
const steps = listing("/api/v1/rectifications/4", { id: 4, history: [{ action: "opened", at: "2026-09-01T00:00:00Z", by: "a", status: "open" }] });
assert.deepEqual(steps.columns, ["at", "action", "by", "status"]);
assert.equal(targetOf("alerts", { id: 7 }), "/api/v1/alerts/7/transitions");
assert.equal(targetOf("devices", { school: "s1", device: "a/b" }), "/api/v1/events?school=s1&device=a%2Fb");
assert.equal(targetOf("events", { id: 1 }), "");
