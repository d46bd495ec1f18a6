// Reshaping on the map: a node is dragged, or chosen and then put elsewhere by a tap or the arrow keys; what is shared moves with it.

import { degrees } from "./draft_index.js";
import { metresPerPixel, snapped } from "./draft_snap.js";

const GRAB_PX = { mouse: 9, pen: 14, touch: 24 };
const SNAP_PX = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The tool; `on` = {topology(), revert(), codes() -> Set, commit(moves), changed(), chooseGrid(place)}. */
export class Reshape {
  constructor(map, scene, on) {
    Object.assign(this, { map, scene, on, active: false, chosen: null, dragging: null, wrong: false, snapping: true });
    const box = map.getContainer();
    box.addEventListener("pointerdown", (event) => this.down(event), true);
    box.addEventListener("pointermove", (event) => this.hover(event));
    window.addEventListener("pointermove", (event) => this.drag(event), true);
    window.addEventListener("pointerup", (event) => this.up(event), true);
    window.addEventListener("pointercancel", () => { if (this.dragging) this.cancel(); }, true);
  }

  start() { this.active = true; this.chosen = null; }

  stop() {
    this.cancel();
    this.active = false;
  }

  place(event) {
    const { lng, lat } = this.map.mouseEventToLatLng(event);
    return { lon: lng, lat };
  }

  /** What of the borders is under the pointer: {id} of a node, {edge, lon, lat} of an edge, null for nothing. */
  under(event) {
    const topology = this.on.topology();
    if (!topology) return null;
    const at = this.place(event);
    const reach = (GRAB_PX[event.pointerType] ?? GRAB_PX.mouse) * metresPerPixel(this.map, at.lat);
    const node = topology.nodeNear(at, reach);
    if (node) return { id: node.id };
    // With the finger only the middles are grabbed: the rest of a border is for moving the map.
    const edge = topology.edgeNear(at, reach);
    if (!edge) return null;
    const [a, b] = [topology.nodes.get(edge.edge.a), topology.nodes.get(edge.edge.b)];
    const middle = { lon: (a.lon + b.lon) / 2, lat: (a.lat + b.lat) / 2 };
    const far = this.map.latLngToContainerPoint(middle).distanceTo(this.map.latLngToContainerPoint(at));
    return far <= 2 * (GRAB_PX[event.pointerType] ?? GRAB_PX.mouse) ? { edge: edge.edge, ...middle } : null;
  }

  hover(event) {
    if (!this.active || this.dragging || event.pointerType === "touch") return;
    this.map.getContainer().classList.toggle("draft-over", this.under(event) !== null);
  }

  down(event) {
    this.swallow = false;
    if (!this.active || event.button > 0 || !event.isPrimary || event.target.closest(".leaflet-control")) return;
    const found = this.under(event);
    if (!found) return;
    event.stopPropagation();
    event.preventDefault();
    this.map.dragging.disable();
    this.dragging = { ...found, pointer: event.pointerId, from: [event.clientX, event.clientY], began: false };
  }

  drag(event) {
    const { dragging } = this;
    if (!dragging || event.pointerId !== dragging.pointer) return;
    const far = Math.hypot(event.clientX - dragging.from[0], event.clientY - dragging.from[1]);
    if (!dragging.began && far < 4) return;
    event.stopPropagation();
    if (!dragging.began) { dragging.began = true; this.pick(dragging); }
    if (this.chosen !== null) this.put(this.place(event), event.altKey);
  }

  up(event) {
    const { dragging } = this;
    if (!dragging || event.pointerId !== dragging.pointer) return;
    this.dragging = null;
    this.map.dragging.enable();
    event.stopPropagation();
    this.swallow = true; // the click that follows
    if (dragging.began) this.done();
    else { this.pick(dragging); this.scene.showDrag(this.on.topology(), this.chosen); this.on.changed(); }
  }

  pick({ id, edge, lon, lat }) {
    const topology = this.on.topology();
    if (id !== undefined && id === this.chosen) return;
    if (topology.dirty) this.revert();
    const fresh = this.on.topology();
    // What was grabbed may have been of the node that was just let go.
    if (id !== undefined) this.chosen = fresh.nodes.has(id) ? id : null;
    else this.chosen = fresh.edges.has(edge.key) ? fresh.insert(fresh.edges.get(edge.key), { lon, lat }) : null;
  }

  /** Move the chosen node to a place, or to what is near it. */
  put(at, free = false) {
    const topology = this.on.topology();
    const but = new Set([this.chosen]);
    const to = this.snapping && !free ? snapped(this.map, topology, at, SNAP_PX, but) : { ...at, on: null };
    topology.move(this.chosen, to);
    this.wrong = topology.tangled(this.chosen);
    this.scene.showDrag(topology, this.chosen, { on: to.on, wrong: this.wrong });
    this.on.changed();
  }

  /** A click or tap that grabbed nothing: the chosen node goes there, else the grid there is chosen. */
  clicked(event) {
    if (this.swallow) { this.swallow = false; return; }
    const at = this.place(event);
    if (this.chosen === null) this.on.chooseGrid(at);
    else this.put(at, event.altKey);
  }

  /** Take what was moved as a step, unless the border would cross itself. */
  done() {
    const topology = this.on.topology();
    if (!topology?.dirty || this.wrong) { this.cancel(); return; }
    const moves = topology.moves();
    this.chosen = null;
    if (moves.length) this.on.commit(moves); else this.cancel();
  }

  revert() { this.on.revert(); this.chosen = null; this.wrong = false; }

  /** Forget what was begun. */
  cancel() {
    if (this.dragging) { this.dragging = null; this.map.dragging.enable(); }
    const dirty = this.on.topology()?.dirty || this.chosen !== null;
    this.chosen = null;
    this.wrong = false;
    this.scene.showDrag(null, null);
    if (dirty) this.on.revert();
    this.on.changed();
  }

  /** Return whether a key was for the tool. */
  key(event) {
    if (this.chosen === null) return false;
    if (ARROWS[event.key]) {
      const node = this.on.topology().nodes.get(this.chosen);
      const step = degrees(event.shiftKey ? 10 : 1, node.lat);
      const [east, north] = ARROWS[event.key];
      this.put({ lon: node.lon + east * step.lon, lat: node.lat + north * step.lat }, true);
    } else if (event.key === "Enter") this.done();
    else if (event.key === "Escape") this.cancel();
    else return false;
    return true;
  }

  /** Choose the next node of the chosen grids, for the keyboard. */
  next(by) {
    const topology = this.on.topology();
    const ids = [...this.on.codes()].flatMap((code) => topology?.grids.get(code)?.rings.flat() ?? []);
    if (!ids.length) return;
    const place = ids.indexOf(this.chosen);
    if (topology.dirty) this.revert();
    this.chosen = ids[(place + by + ids.length) % ids.length];
    this.scene.showDrag(this.on.topology(), this.chosen);
    this.on.changed();
  }
}
