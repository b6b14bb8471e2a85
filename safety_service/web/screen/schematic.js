/**
 * @file A drawn county (示意图) from nothing but the schools' places: one cell for each township, inside a soft
 * outline around all schools. It claims no boundary; an approved GeoJSON takes its place where one was imported.
 */

const OUTLINE_POINTS = 320;
const MARGIN = 0.1;
/** Waves around the county, their height as a share of its size, where they start. */
const COAST = [[3, 0.022, 1], [7, 0.016, 0], [13, 0.012, 2], [23, 0.008, 4], [41, 0.005, 1], [67, 0.003, 3]];
const SPLITS = 4;

/** @typedef {[number, number]} Point longitude, latitude */
/** @typedef {{point: Point, tag: string}} Corner `tag` names what the edge that starts here lies on */

/**
 * @param {any[]} features schools of the map answer
 * @returns {{geojson: any, centres: Map<string, Point>, aspect: number}}
 */
export function schematic(features) {
  const places = townships(features);
  const points = [...places.values()].flatMap((place) => place.points);
  const middle = mean(points.length ? points : [[0, 0]]);
  const aspect = Math.cos((middle[1] * Math.PI) / 180) || 1;
  const flat = (/** @type {Point} */ [x, y]) => /** @type {Point} */ ([x * aspect, y]);
  const centres = new Map([...places].map(([code, place]) => [code, mean(place.points)]));
  const outline = outlineOf(points.map(flat), flat(middle));
  const cells = [...centres].map(([code, centre]) => {
    const rivals = [...centres].filter(([other]) => other !== code);
    const cell = rivals.reduce(
      (corners, [other, rival]) => cut(corners, flat(centre), flat(rival), [code, other].sort().join("|")),
      outline,
    );
    const ring = roughen(cell).map(([x, y]) => [x / aspect, y]);
    return { code, ring: [...ring, ring[0]] };
  });
  const geojson = {
    type: "FeatureCollection",
    features: cells.filter(({ ring }) => ring.length > 3).map(({ code, ring }) => ({
      type: "Feature",
      properties: { name: code, cp: centres.get(code) },
      geometry: { type: "Polygon", coordinates: [ring] },
    })),
  };
  return { geojson, centres, aspect };
}

/** By how much a degree of longitude is shorter than one of latitude there. @param {any[]} areas GeoJSON @returns {number} */
export function aspectOf(areas) {
  const latitudes = areas.flatMap(({ geometry }) => geometry.coordinates.flat(2).map((point) => point[1]));
  const [south, north] = latitudes.reduce(([low, high], at) => [Math.min(low, at), Math.max(high, at)], [90, -90]);
  return Math.cos(((south + north) / 2) * (Math.PI / 180)) || 1;
}

/** Townships with the places of their schools; one whose schools have none is put on a ring around the rest.
 * @param {any[]} features @returns {Map<string, {points: Point[]}>} */
function townships(features) {
  const found = new Map();
  for (const { geometry, properties } of features) {
    const place = found.get(properties.township) ?? { points: [] };
    if (geometry) place.points.push(geometry.coordinates);
    found.set(properties.township, place);
  }
  const known = [...found.values()].flatMap((place) => place.points);
  const middle = known.length ? mean(known) : [116.3, 35.07];
  [...found.values()].forEach((place, index) => {
    const turn = index * 2.399963;
    if (!place.points.length) {
      place.points.push([middle[0] + 0.12 * Math.cos(turn), middle[1] + 0.1 * Math.sin(turn)]);
    }
  });
  return found;
}

/** @param {Point[]} points @returns {Point} */
function mean(points) {
  return [sum(points, 0) / points.length, sum(points, 1) / points.length];
}

/** @param {Point[]} points @param {0 | 1} axis */
function sum(points, axis) {
  return points.reduce((total, point) => total + point[axis], 0);
}

/** The convex outline around all schools with a margin, its coast a little uneven. @returns {Corner[]} */
function outlineOf(/** @type {Point[]} */ points, /** @type {Point} */ middle) {
  const offsets = points.map(([x, y]) => [x - middle[0], y - middle[1]]);
  const size = Math.max(0.02, ...offsets.map(([x, y]) => Math.hypot(x, y)));
  const angles = Array.from({ length: OUTLINE_POINTS }, (_, step) => (step / OUTLINE_POINTS) * 2 * Math.PI);
  const reach = angles.map((angle) =>
    size * MARGIN + Math.max(0, ...offsets.map(([x, y]) => x * Math.cos(angle) + y * Math.sin(angle))));
  // What bounds a convex shape in one direction is the nearest of all the lines that touch it.
  const bound = (angle) => Math.min(...angles.map((other, index) => {
    const slant = Math.cos(other - angle);
    return slant > 0.05 ? reach[index] / slant : Infinity;
  }));
  return angles.map((angle) => {
    const radius = bound(angle) + size * uneven(angle);
    return { point: [middle[0] + radius * Math.cos(angle), middle[1] + radius * Math.sin(angle)], tag: "outline" };
  });
}

/** @param {number} angle */
function uneven(angle) {
  return COAST.reduce((sum, [waves, height, start]) => sum + height * Math.sin(waves * angle + start), 0);
}

/** Keeps the side of `own` of the line half-way to `rival` (Sutherland and Hodgman, one half-plane).
 * @param {Corner[]} corners @param {Point} own @param {Point} rival @param {string} tag @returns {Corner[]} */
function cut(corners, own, rival, tag) {
  const side = ([x, y]) =>
    (x - (own[0] + rival[0]) / 2) * (rival[0] - own[0]) + (y - (own[1] + rival[1]) / 2) * (rival[1] - own[1]);
  const kept = [];
  corners.forEach((corner, index) => {
    const next = corners[(index + 1) % corners.length];
    const [here, there] = [side(corner.point), side(next.point)];
    if (here <= 0) kept.push(corner);
    if (here <= 0 === there <= 0) return;
    const share = here / (here - there);
    const point = corner.point.map((value, axis) => value + share * (next.point[axis] - value));
    kept.push({ point, tag: here <= 0 ? tag : corner.tag });
  });
  return kept;
}

/** Bends the straight lines between townships; both neighbours bend the shared line alike, so no gap opens.
 * @param {Corner[]} corners @returns {Point[]} */
function roughen(corners) {
  return corners.flatMap(({ point, tag }, index) => {
    if (tag === "outline") return [point];
    const next = corners[(index + 1) % corners.length].point;
    const forward = key(point) < key(next);
    const bent = forward ? bend(point, next, SPLITS) : bend(next, point, SPLITS).reverse();
    return [point, ...bent];
  });
}

/** The points between two ends, displaced to the side, finer at each split.
 * @param {Point} from @param {Point} to @param {number} splits @returns {Point[]} */
function bend(from, to, splits) {
  if (splits === 0) return [];
  const amount = 0.16 * (chance(from, to) - 0.5);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const middle = /** @type {Point} */ ([(from[0] + to[0]) / 2 - dy * amount, (from[1] + to[1]) / 2 + dx * amount]);
  return [...bend(from, middle, splits - 1), middle, ...bend(middle, to, splits - 1)];
}

/** The same number between 0 and 1 for the same ends, each time. @param {Point} a @param {Point} b */
function chance(a, b) {
  const text = key(a) + key(b);
  let hash = 2166136261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  return ((hash >>> 8) % 10007) / 10007;
}

/** @param {Point} point */
function key([x, y]) {
  return `${x.toFixed(5)},${y.toFixed(5)}`;
}
