// Places near a place: an even raster of buckets in longitude and latitude, distances in metres.

const METRES_PER_DEGREE = 111320;

/** How many degrees of longitude and latitude a length in metres is at a place. */
export const degrees = (metres, lat) => ({ lon: metres / (METRES_PER_DEGREE * Math.max(Math.cos((lat * Math.PI) / 180), 0.01)), lat: metres / METRES_PER_DEGREE });

/** The place on the line from `a` to `b` that is nearest to `at`, and how far away it is in metres. */
export function foot(at, a, b) {
  const one = degrees(1, at.lat);
  const x = (place) => (place.lon - at.lon) / one.lon, y = (place) => (place.lat - at.lat) / one.lat;
  const [dx, dy] = [x(b) - x(a), y(b) - y(a)];
  const length = dx * dx + dy * dy;
  const share = length > 0 ? Math.max(0, Math.min(1, -(x(a) * dx + y(a) * dy) / length)) : 0;
  const found = { lon: a.lon + share * (b.lon - a.lon), lat: a.lat + share * (b.lat - a.lat) };
  return { ...found, distance: Math.hypot(x(found), y(found)) };
}

/** Things by the buckets that their boxes touch. */
export class Buckets {
  constructor(places, count) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { lon, lat } of places) [west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)];
    this.size = Math.max((east - west) / 64, (north - south) / 64, Math.sqrt(Math.max(0, (east - west) * (north - south)) / Math.max(1, count)), 1e-7);
    if (!Number.isFinite(this.size)) this.size = 1;
    this.cells = new Map();
  }

  keys(west, south, east, north) {
    const found = [];
    const of = (value) => Math.floor(value / this.size);
    for (let x = of(west); x <= of(east); x += 1) for (let y = of(south); y <= of(north); y += 1) found.push(`${x} ${y}`);
    return found;
  }

  add(thing, a, b) {
    for (const key of this.keys(Math.min(a.lon, b.lon), Math.min(a.lat, b.lat), Math.max(a.lon, b.lon), Math.max(a.lat, b.lat))) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(thing);
    }
  }

  /** What may lie within `reach` metres of a place. */
  near(at, reach) {
    const far = degrees(reach, at.lat);
    const found = new Set();
    for (const key of this.keys(at.lon - far.lon, at.lat - far.lat, at.lon + far.lon, at.lat + far.lat)) for (const thing of this.cells.get(key) ?? []) found.add(thing);
    return found;
  }
}
