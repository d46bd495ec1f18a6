// What-if on the map: the chosen camera with its handles, the views before and after, what becomes seen or blind.
/* global L */

import { make } from "./dom.js";
import { gl } from "./gl.js";
import { t } from "./i18n.js";
import { layer } from "./map.js";
import { colour, hatch, onTheme } from "./symbols.js";

const HIT_PX = 14;
const HANDLE_PX = 62;
const METRES_PER_DEGREE = 111320;

const pattern = (name) => hatch(document.createElement("canvas").getContext("2d"), name, 5, 0.9);
const STYLE = {
  blind: () => ({ stroke: false, fillColor: colour("blind-3"), fillOpacity: 0.22 }),
  lost: () => ({ color: colour("blind-4"), weight: 1, fillColor: colour("blind-3"), fillOpacity: 0.75 }),
  gained: () => ({ color: colour("accent"), weight: 2, fillColor: colour("accent"), fillOpacity: 0.6 }),
  before: () => ({ color: colour("grid-line"), weight: 1.4, dashArray: "2 5", fill: false }),
  certain: () => ({ color: colour("select"), weight: 2.2, fillColor: colour("view"), fillOpacity: 0.4 }),
  possible: () => ({ color: colour("select"), weight: 1.8, dashArray: "6 3", fillColor: pattern("view"), fillOpacity: 0.55 }),
};

/** Return a list that says what is what of the drawing, in its own colours and lines. */
export function key() {
  const items = ["gained", "lost", "before", "certain", "possible"].map((name) => {
    const { color, weight = 1, dashArray, fillColor, fillOpacity = 1 } = STYLE[name]();
    const box = document.createElement("canvas"), scale = devicePixelRatio || 1;
    box.width = box.height = 22 * scale;
    const pen = box.getContext("2d");
    pen.scale(scale, scale);
    if (fillColor) { pen.globalAlpha = fillOpacity; pen.fillStyle = fillColor; pen.fillRect(2, 4, 18, 14); pen.globalAlpha = 1; }
    Object.assign(pen, { strokeStyle: color, lineWidth: weight });
    pen.setLineDash(dashArray?.split(" ").map(Number) ?? []);
    pen.strokeRect(2, 4, 18, 14);
    return make("li", {}, box, make("span", {}, t(`whatif.key.${name}`)));
  });
  return make("ul", { class: "whatif-key", "aria-label": t("whatif.key") }, ...items);
}

/** Return a place so many metres east and north of another one. */
export function shifted({ lon, lat }, east, north) {
  return { lon: lon + east / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180)), lat: lat + north / METRES_PER_DEGREE };
}

const icon = (name, title) => L.divIcon({ className: `whatif-handle ${name}`, iconSize: [26, 26], html: make("span", { title }) });

/** What is drawn, and what the reader does to it: `on` = {drag(place, ended), turn(azimuth, ended), grab(camera)}. */
export class Scene {
  constructor(map, cameras, on) {
    Object.assign(this, { map, cameras, on, shown: false, place: null, azimuth: null, moving: null, answer: null, ghostOf: null });
    const pane = map.createPane("whatif");
    pane.style.zIndex = "450";
    pane.style.pointerEvents = "none";
    map.createPane("whatif-handles").style.zIndex = "660";
    this.renderer = L.canvas({ pane: "whatif" });
    this.group = L.layerGroup();
    this.handles = L.layerGroup();
    this.others = L.layerGroup();
    this.camera = this.handle("whatif-camera", t("whatif.handle.move"), (at, ended) => this.on.drag({ lon: at.lng, lat: at.lat }, ended));
    this.turner = this.handle("whatif-turn", t("whatif.handle.turn"), (at, ended) => this.on.turn(this.azimuthTo(at), ended));
    this.ghost = this.handle("whatif-ghost", t("whatif.handle.move"), (at, ended) => this.on.drag({ lon: at.lng, lat: at.lat }, ended));
    this.ghost.on("dragstart", () => this.on.grab(this.ghostOf));
    this.ghost.on("click", () => this.on.grab(this.ghostOf));
    this.arm = L.polyline([], { pane: "whatif", renderer: this.renderer, interactive: false });
    map.on("zoomend viewreset", () => this.aim());
    map.getContainer().addEventListener("pointermove", (event) => this.hover(event));
    onTheme(() => this.draw(this.answer));
  }

  handle(name, title, moved) {
    const marker = L.marker([0, 0], { pane: "whatif-handles", icon: icon(name, title), draggable: true, keyboard: false, autoPan: false, title });
    marker.on("dragstart", () => { this.moving = name; });
    marker.on("drag", (event) => moved(event.latlng, false));
    marker.on("dragend", () => { this.moving = null; moved(marker.getLatLng(), true); this.aim(); });
    return marker;
  }

  show(on) {
    this.shown = on;
    for (const part of [this.group, this.handles, this.others]) if (on) part.addTo(this.map); else part.remove();
    if (!on) this.ghostOff();
  }

  azimuthTo(at) {
    const from = this.map.latLngToLayerPoint(this.camera.getLatLng()), to = this.map.latLngToLayerPoint(at);
    return (((Math.atan2(to.x - from.x, from.y - to.y) * 180) / Math.PI) + 360) % 360;
  }

  /** Put the handles on the chosen camera; null takes them away. */
  choose(place, azimuth, turns) {
    Object.assign(this, { place, azimuth, turns });
    // A handle under the reader's finger must stay where it is: taking it off the map would end the drag.
    const wanted = place ? [...(turns ? [this.arm, this.turner] : []), this.camera] : [];
    for (const part of [this.arm, this.turner, this.camera]) {
      if (!wanted.includes(part)) this.handles.removeLayer(part);
      else if (!this.handles.hasLayer(part)) this.handles.addLayer(part);
    }
    if (!place) return;
    this.ghostOff();
    this.aim();
  }

  /** Draw the handles where they belong, except the one under the reader's finger. */
  aim() {
    if (!this.place) return;
    const at = L.latLng(this.place.lat, this.place.lon);
    if (this.moving !== "whatif-camera") this.camera.setLatLng(at);
    const middle = this.map.latLngToLayerPoint(at), turn = ((this.azimuth ?? 0) * Math.PI) / 180;
    const tip = this.map.layerPointToLatLng(middle.add([HANDLE_PX * Math.sin(turn), -HANDLE_PX * Math.cos(turn)]));
    if (this.moving !== "whatif-turn") this.turner.setLatLng(tip);
    this.arm.setLatLngs([at, tip]).setStyle({ color: colour("select"), weight: 2, dashArray: this.azimuth === null ? "2 5" : null });
    this.turner.getElement()?.classList.toggle("unknown", this.azimuth === null);
  }

  /** Return the camera under a point of the container, null for none. */
  hit(point) {
    let [best, least] = [null, HIT_PX];
    const look = (id, lat, lon) => {
      const distance = this.map.latLngToContainerPoint([lat, lon]).distanceTo(point);
      if (id && distance < least) [best, least] = [id, distance];
    };
    const corner = (dx, dy) => this.map.containerPointToLatLng(point.add([dx, dy]));
    const box = L.latLngBounds(corner(-HIT_PX, HIT_PX), corner(HIT_PX, -HIT_PX));
    for (const { id, lat, lon } of this.cameras()) if (box.contains([lat, lon])) look(id, lat, lon);
    for (const [id, { feature }] of layer("cameras")?.features ?? []) {
      const [lon, lat] = feature.geometry.coordinates;
      if (!(feature.properties.count > 1) && box.contains([lat, lon])) look(id, lat, lon);
    }
    best ??= this.drawn(point);
    return best && { camera: best };
  }

  /** Of very many cameras only the tiles of the map know them all. */
  drawn(point) {
    const layers = (gl.map?.getStyle()?.layers ?? []).filter((one) => one.source === "cameras").map((one) => one.id);
    if (!layers.length) return null;
    const at = this.map.containerPointToLatLng(point), { x, y } = gl.map.project([at.lng, at.lat]);
    const found = gl.map.queryRenderedFeatures([[x - HIT_PX, y - HIT_PX], [x + HIT_PX, y + HIT_PX]], { layers }).filter((one) => one.properties.id && !(one.properties.count > 1));
    return found[0]?.properties.id ?? null;
  }

  /** Under the mouse a camera can be dragged at once, without choosing it first. */
  hover(event) {
    if (!this.shown || !this.on.free() || this.moving || event.pointerType !== "mouse" || event.buttons) return;
    const found = this.hit(this.map.mouseEventToContainerPoint(event));
    if (!found || found.camera === this.on.chosen()) { this.ghostOff(); return; }
    if (this.ghostOf === found.camera) return;
    const place = this.on.placeOf(found.camera);
    if (!place) return;
    this.ghostOf = found.camera;
    this.ghost.setLatLng([place.lat, place.lon]);
    this.others.addLayer(this.ghost);
  }

  ghostOff() {
    if (this.ghostOf === null || this.moving === "whatif-ghost") return;
    this.ghostOf = null;
    this.others.removeLayer(this.ghost);
  }

  /** Draw an answer of the service; null: nothing. */
  draw(answer) {
    this.answer = answer;
    this.group.clearLayers();
    if (!answer) return;
    const add = (feature, style) => {
      if (feature.geometry) L.geoJSON(feature, { renderer: this.renderer, pane: "whatif", interactive: false, style }).addTo(this.group);
    };
    for (const name of ["blind", "gained", "lost"]) for (const feature of answer[name].features) add(feature, STYLE[name]);
    for (const feature of answer.views.features) {
      const { when, state, camera } = feature.properties;
      const planned = answer.cameras.find((one) => one.camera === camera)?.op;
      if (when === "before" && planned) add(feature, STYLE.before);
      if (when === "after") add(feature, STYLE[state]);
    }
    for (const { op, after, before } of answer.cameras) {
      const { lat, lon } = after ?? before;
      if (op) L.circleMarker([lat, lon], { renderer: this.renderer, pane: "whatif", interactive: false, radius: 7, weight: 2.5, color: colour("select"), fillColor: colour(op === "remove" ? "halo" : "view"), fillOpacity: 0.9, dashArray: op === "remove" ? "3 3" : null }).addTo(this.group);
    }
  }
}
