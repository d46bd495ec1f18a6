// A draft on the map: what the changed grids were and what they are to be, the borders with their nodes, the chosen grids.
/* global L */

import { make } from "./dom.js";
import { t } from "./i18n.js";
import { now } from "./shell.js";
import { colour, hatch, onTheme } from "./symbols.js";

const MOST_NODES = 600;

const pattern = (name) => hatch(document.createElement("canvas").getContext("2d"), name, 5, 1);
/** How each part is drawn; old borders dashed, new ones full, what ends hatched: apart in grey too. */
const STYLE = {
  before: () => ({ color: colour("bad"), weight: 2, dashArray: "3 5", fill: false }),
  after: () => ({ color: colour("accent"), weight: 2.6, fillColor: colour("accent"), fillOpacity: 0.1 }),
  fresh: () => ({ color: colour("accent"), weight: 2.6, fillColor: colour("accent"), fillOpacity: 0.32 }),
  ended: () => ({ color: colour("bad"), weight: 1.4, dashArray: "3 5", fillColor: pattern("bad"), fillOpacity: 0.4 }),
  border: () => ({ color: colour("grid-line"), weight: 1.6, opacity: 0.9, fill: false }),
  chosen: () => ({ color: colour("select"), weight: 3.4, fillColor: colour("select"), fillOpacity: 0.08 }),
  moved: () => ({ color: colour("accent"), weight: 3.2, fill: false }),
  wrong: () => ({ color: colour("bad"), weight: 3.2, dashArray: "2 4", fill: false }),
};

/** Return the parts of changed grids: [{style, geometry, grid}], what was below what is to be. */
export function partsOf(grids) {
  const before = grids.filter((grid) => grid.before).map((grid) => ({ style: grid.after ? "before" : "ended", geometry: grid.before, grid }));
  const after = grids.filter((grid) => grid.after).map((grid) => ({ style: grid.before ? "after" : "fresh", geometry: grid.after, grid }));
  return [...after, ...before];
}

/** Return a list that says what is what, in its own colours and lines; only of what is drawn. */
export function legendOf(grids) {
  const shown = new Set(partsOf(grids).map(({ style }) => style));
  return make("ul", { class: "draft-key", "aria-label": t("draft.key") }, ...["before", "after", "fresh", "ended"].filter((name) => shown.has(name)).map((name) => {
    const { color, weight, dashArray, fillColor, fillOpacity } = STYLE[name]();
    const box = document.createElement("canvas"), scale = devicePixelRatio || 1;
    box.width = box.height = 22 * scale;
    const pen = box.getContext("2d");
    pen.scale(scale, scale);
    if (fillColor) { pen.globalAlpha = Math.max(fillOpacity, 0.2); pen.fillStyle = fillColor; pen.fillRect(2, 4, 18, 14); pen.globalAlpha = 1; }
    Object.assign(pen, { strokeStyle: color, lineWidth: weight });
    pen.setLineDash(dashArray?.split(" ").map(Number) ?? []);
    pen.strokeRect(2, 4, 18, 14);
    return make("li", {}, box, make("span", {}, t(`draft.key.${name}`)));
  }));
}

const latLngs = (ring) => ring.map(({ lon, lat }) => [lat, lon]);

/** What is drawn of a draft; every part has its own group, redrawn by itself. */
export class Scene {
  constructor(map) {
    this.map = map;
    const pane = map.createPane("drafts");
    pane.style.zIndex = "455";
    pane.style.pointerEvents = "none";
    this.pane = "drafts";
    this.renderer = L.canvas({ pane: "drafts", padding: 0.2 });
    this.top = L.canvas({ pane: "drafts", padding: 0.2 });
    this.groups = Object.fromEntries(["changes", "borders", "chosen", "nodes", "drag"].map((name) => [name, L.layerGroup()]));
    this.grids = [];
    this.again = () => {};
    onTheme(() => { this.showChanges(this.grids); this.again(); });
  }

  show(on) {
    for (const group of Object.values(this.groups)) if (on) group.addTo(this.map); else group.remove();
  }

  options(style, renderer = this.renderer) {
    return { renderer, pane: this.pane, interactive: false, ...STYLE[style]() };
  }

  /** Draw what changed grids were and are to be; `grids` = [{level, code, before, after}] with GeoJSON geometries or null. */
  showChanges(grids) {
    this.grids = grids;
    this.groups.changes.clearLayers();
    const rank = (grid) => now()?.levels?.indexOf(grid.level) ?? -1;
    const finest = Math.max(...grids.map(rank));
    for (const { style, geometry, grid } of partsOf(grids)) {
      // Of coarser levels only the borders: fills on top of each other would hide the map.
      const look = () => (rank(grid) === finest ? STYLE[style]() : { ...STYLE[style](), fill: false });
      L.geoJSON({ type: "Feature", properties: {}, geometry }, { ...this.options(style), style: look }).addTo(this.groups.changes);
    }
  }

  /** The box around what changed, null for none. */
  get bounds() {
    const box = L.featureGroup(this.groups.changes.getLayers()).getBounds();
    return box.isValid() ? box : null;
  }

  /** Draw the borders of a topology; null: none. */
  showBorders(topology) {
    for (const name of ["borders", "nodes", "drag"]) this.groups[name].clearLayers();
    if (!topology) return;
    const rings = [...topology.grids.keys()].flatMap((code) => topology.ringsOf(code)).map((ring) => [...latLngs(ring), latLngs(ring)[0]]);
    L.polyline(rings, this.options("border")).addTo(this.groups.borders);
  }

  /** Draw the nodes and the middles of edges of some grids in view; returns whether there is room for them. */
  showNodes(topology, codes) {
    this.groups.nodes.clearLayers();
    if (!topology || !codes.size) return true;
    const view = this.map.getBounds().pad(0.05), seen = ({ lon, lat }) => view.contains([lat, lon]);
    const nodes = [...topology.nodes.values()].filter((node) => seen(node) && [...node.grids].some((code) => codes.has(code)));
    if (nodes.length > MOST_NODES) return false;
    const dot = (place, radius, more) => L.circleMarker([place.lat, place.lon], { ...this.options("border", this.top), radius, color: colour("select"), weight: 1.6, fillColor: colour("halo"), fillOpacity: 1, ...more }).addTo(this.groups.nodes);
    const apart = (edge) => this.map.latLngToLayerPoint(topology.nodes.get(edge.a)).distanceTo(this.map.latLngToLayerPoint(topology.nodes.get(edge.b))) > 44;
    for (const place of topology.middles(codes)) if (seen(place) && apart(place.edge)) dot(place, 3, { opacity: 0.7, weight: 1.2 });
    for (const node of nodes) dot(node, 4.5, {});
    return true;
  }

  /** Outline the chosen grids. */
  showChosen(topology, codes) {
    this.groups.chosen.clearLayers();
    for (const code of codes) {
      const rings = topology?.ringsOf(code) ?? [];
      if (rings.length) L.polygon(rings.map(latLngs), { ...this.options("chosen"), fillRule: "evenodd" }).addTo(this.groups.chosen);
    }
  }

  /** Draw the rings that a dragged node is in, and the node; `wrong`: the border crosses itself. */
  showDrag(topology, id, { on = null, wrong = false } = {}) {
    this.groups.drag.clearLayers();
    if (id === null) return;
    const node = topology.nodes.get(id);
    const codes = new Set([...topology.origin.keys()].flatMap((moved) => [...topology.nodes.get(moved).grids]));
    for (const code of [...codes, ...node.grids]) for (const ring of topology.ringsOf(code)) L.polygon([latLngs(ring)], this.options(wrong ? "wrong" : "moved", this.top)).addTo(this.groups.drag);
    L.circleMarker([node.lat, node.lon], { ...this.options("moved", this.top), radius: on ? 11 : 8, fill: true, fillColor: colour("halo"), fillOpacity: on ? 0.4 : 0.9, color: colour(wrong ? "bad" : "accent") }).addTo(this.groups.drag);
  }
}
