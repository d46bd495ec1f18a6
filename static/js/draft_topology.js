// The borders of the grids in view as nodes and rings over them: a shared node moves in every ring. Knows no map, no service.

import { Buckets, foot } from "./draft_index.js";

const keyOf = (a, b) => (String(a) < String(b) ? `${a} ${b}` : `${b} ${a}`);
const side = (p, q, r) => Math.sign((q.lon - p.lon) * (r.lat - p.lat) - (q.lat - p.lat) * (r.lon - p.lon));
const crosses = (a, b, c, d) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;

/** The division in view: `nodes` [{id, lon, lat}], `grids` [{level, code, rings: [[id, …]]}], rings open (their last node is not their first). */
export class Topology {
  constructor(nodes = [], grids = []) {
    this.nodes = new Map(nodes.map((node) => [node.id, { ...node, grids: new Set() }]));
    this.grids = new Map(grids.map((grid) => [grid.code, { ...grid, rings: grid.rings.map((ring) => [...ring]) }]));
    this.edges = new Map();
    this.origin = new Map(); // moved or new node -> {lon, lat, between: [id, id] | null} before
    this.count = 0;
    for (const grid of this.grids.values()) this.enter(grid);
    this.index();
  }

  enter(grid) {
    grid.box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of grid.rings) {
      ring.forEach((id, place) => {
        const node = this.nodes.get(id);
        node.grids.add(grid.code);
        this.reach(grid, node);
        this.link(id, ring[(place + 1) % ring.length], grid.code);
      });
    }
  }

  /** Let the box of a grid reach a place; it never shrinks. */
  reach({ box }, { lon, lat }) {
    box.splice(0, 4, Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat));
  }

  link(a, b, code) {
    const key = keyOf(a, b);
    if (!this.edges.has(key)) this.edges.set(key, { key, a, b, grids: new Set() });
    this.edges.get(key).grids.add(code);
  }

  index() {
    this.nodeIndex = new Buckets(this.nodes.values(), this.nodes.size);
    for (const node of this.nodes.values()) this.nodeIndex.add(node.id, node, node);
    this.edgeIndex = new Buckets(this.nodes.values(), this.edges.size);
    for (const edge of this.edges.values()) this.edgeIndex.add(edge.key, this.nodes.get(edge.a), this.nodes.get(edge.b));
  }

  /** Take what was moved for where it is. */
  settle() { this.origin.clear(); }

  /** Whether anything was moved. */
  get dirty() { return this.origin.size > 0; }

  /** The node nearest to a place, at most `reach` metres away and none of `but`; null for none. */
  nodeNear(at, reach, but = null) {
    let [best, least] = [null, reach];
    for (const id of new Set([...this.nodeIndex.near(at, reach), ...this.origin.keys()])) {
      const node = this.nodes.get(id);
      if (!node || but?.has(id)) continue;
      const { distance } = foot(at, node, node);
      if (distance <= least) [best, least] = [node, distance];
    }
    return best;
  }

  /** The edge nearest to a place and the place on it: {edge, lon, lat, distance}; null for none within `reach` metres. */
  edgeNear(at, reach, but = null) {
    let [best, least] = [null, reach];
    for (const key of this.edgeIndex.near(at, reach)) {
      const edge = this.edges.get(key);
      if (!edge || but?.has(edge.a) || but?.has(edge.b)) continue;
      const found = foot(at, this.nodes.get(edge.a), this.nodes.get(edge.b));
      if (found.distance <= least) [best, least] = [{ edge, ...found }, found.distance];
    }
    return best;
  }

  /** Put a new node on an edge, in every ring that has it; returns its id. */
  insert(edge, { lon, lat }) {
    this.count += 1;
    const id = `new-${this.count}`;
    this.nodes.set(id, { id, lon, lat, grids: new Set(edge.grids) });
    for (const code of edge.grids) {
      for (const ring of this.grids.get(code).rings) {
        for (let place = ring.length - 1; place >= 0; place -= 1) {
          if (keyOf(ring[place], ring[(place + 1) % ring.length]) === edge.key) ring.splice(place + 1, 0, id);
        }
      }
      this.link(edge.a, id, code);
      this.link(id, edge.b, code);
    }
    this.edges.delete(edge.key);
    this.origin.set(id, { lon, lat, between: [edge.a, edge.b] });
    return id;
  }

  move(id, { lon, lat }) {
    const node = this.nodes.get(id);
    if (!this.origin.has(id)) this.origin.set(id, { lon: node.lon, lat: node.lat, between: null });
    Object.assign(node, { lon, lat });
    for (const code of node.grids) this.reach(this.grids.get(code), node);
  }

  /** What was moved, in the shape of the service. */
  moves() {
    const place = ({ lon, lat }) => [lon, lat];
    return [...this.origin].map(([id, from]) => ({ from: place(from), to: place(this.nodes.get(id)) })).filter(({ from, to }) => from[0] !== to[0] || from[1] !== to[1]);
  }

  /** The rings of a grid as lists of places. */
  ringsOf(code) {
    return this.grids.get(code)?.rings.map((ring) => ring.map((id) => this.nodes.get(id))) ?? [];
  }

  /** The middles of the edges of some grids: [{edge, lon, lat}]. */
  middles(codes) {
    const found = [];
    for (const edge of this.edges.values()) {
      if (![...edge.grids].some((code) => codes.has(code))) continue;
      const [a, b] = [this.nodes.get(edge.a), this.nodes.get(edge.b)];
      found.push({ edge, lon: (a.lon + b.lon) / 2, lat: (a.lat + b.lat) / 2 });
    }
    return found;
  }

  /** Whether the edges at a node cross another edge of a ring it is in: such a border cannot be. */
  tangled(id) {
    for (const code of this.nodes.get(id).grids) {
      const rings = this.grids.get(code).rings.map((ring) => ring.map((one, place) => [one, ring[(place + 1) % ring.length]]));
      const all = rings.flat();
      for (const [a, b] of all.filter((edge) => edge.includes(id))) {
        for (const [c, d] of all) {
          if ([a, b].includes(c) || [a, b].includes(d)) continue;
          if (crosses(this.nodes.get(a), this.nodes.get(b), this.nodes.get(c), this.nodes.get(d))) return true;
        }
      }
    }
    return false;
  }

  /** The code of the grid at a place, by even and odd crossings; null for none. */
  gridAt({ lon, lat }) {
    for (const { code, box } of this.grids.values()) {
      if (lon < box[0] || lat < box[1] || lon > box[2] || lat > box[3]) continue;
      let inside = false;
      for (const ring of this.ringsOf(code)) {
        for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
          const [p, q] = [ring[i], ring[j]];
          if (p.lat > lat !== q.lat > lat && lon < ((q.lon - p.lon) * (lat - p.lat)) / (q.lat - p.lat) + p.lon) inside = !inside;
        }
      }
      if (inside) return code;
    }
    return null;
  }

  /** The grid in which most of a line lies; null for none. */
  gridOf(line) {
    const found = new Map();
    for (let i = 1; i < line.length; i += 1) {
      const [p, q] = [line[i - 1], line[i]];
      const length = Math.hypot(q.lon - p.lon, q.lat - p.lat);
      for (let step = 0.5; step < 24; step += 1) {
        const code = this.gridAt({ lon: p.lon + ((q.lon - p.lon) * step) / 24, lat: p.lat + ((q.lat - p.lat) * step) / 24 });
        if (code !== null) found.set(code, (found.get(code) ?? 0) + length);
      }
    }
    return [...found].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  }
}
