// The map: the Folium map of the page, its layers loaded and redrawn as the state asks.
/* global L */

import { activeFilters } from "./active.js";
import { counted, latest, Refused, settled } from "./api.js";
import { DRAW, ORDER } from "./draw.js";
import { byId, make } from "./dom.js";
import { gl } from "./gl.js";
import { COLON, COMMA, number, page, t } from "./i18n.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { colour, onTheme } from "./symbols.js";
import { allLoaded, point, tileQuery, TILES_DEPEND } from "./tiles.js";

export const map = window.atlas.map;
const configs = window.atlas.layers.filter((config) => config.name !== "basemap" && config.kind !== "timeline");
const base = window.atlas.layers.find((config) => config.name === "basemap");

/** Names of the layers of this page, top first. */
export const names = configs.map((config) => config.name).reverse();

const OPENS = { command: ["density"], planner: gl.webgl ? ["coverage", "blindspots", "cameras"] : ["coverage", "blindspots", "views", "cameras"], grids: ["grids"], wall: [] }[page];
let facts = { timezone: "UTC", revision: 0, settled: 0, bounds: null, grids: null };
const GRID_LAYERS = new Set(["grids", "density", "coverage", "change", "hotspots", "balance"]);

/** The layers that are on: what the reader chose, else what the page opens with; without grids, incidents alone. */
export const wanted = () => state.layers ?? (page === "command" && facts.grids === 0 ? ["incidents"] : OPENS);
export const isOn = (name) => wanted().includes(name);

const heard = { loaded: new Set(), picked: new Set(), hovered: new Set() };
export const on = (what, run) => heard[what].add(run);
const tell = (what, ...facts) => { for (const run of heard[what]) run(...facts); };

const shown = new Map();
const highlight = L.layerGroup().addTo(map);


const context = {
  map,
  get timezone() { return facts.timezone; },
  isSelected: (kind, id) => id !== null && state.selected === `${kind}:${id}`,
};

// Above the base map, be it pictures or drawn by WebGL; below what Leaflet draws.
map.createPane("heat").style.zIndex = "300";
map.getPane("heat").style.pointerEvents = "none";

for (const config of configs) {
  if (config.kind === "tiles") config.leaflet.options.pane = "heat";
  shown.set(config.name, { config, group: L.layerGroup(), fetch: latest(), features: new Map(), answer: null, error: null, loading: false });
}

/**
 * Let another module draw a layer: it stands in the list of layers under `below`, and `show(on)` is told when it is wanted or not.
 *
 * Returns the layer's entry: the module sets `answer` ({legend, meta}) or `error` and calls `changed()`.
 */
export function own(name, show, below = null) {
  if (!shown.has(name)) {
    names.splice(below === null ? 0 : names.indexOf(below) + 1, 0, name);
    shown.set(name, { config: { name, kind: "own", depends: [] }, group: L.layerGroup(), features: new Map(), answer: null, error: null, loading: false });
  }
  return Object.assign(shown.get(name), { own: show, changed: () => tell("loaded", name) });
}

/** Return what a layer last loaded: {answer, error, loading}. */
export const layer = (name) => shown.get(name);

export function setFacts(status) {
  facts = { timezone: status?.timezone ?? "UTC", revision: status?.revision ?? 0, settled: status?.settled ?? 0, bounds: status?.bounds ?? null, grids: status?.layers?.grids?.rows ?? null };
}

function idOf(name, row) {
  if (GRID_LAYERS.has(name)) return row.code;
  return row.id ?? row.camera ?? null;
}

function draw(entry) {
  const { name } = entry.config;
  entry.group.clearLayers();
  entry.features.clear();
  for (const feature of entry.answer.features) {
    if (!feature.geometry) continue;
    const made = DRAW[name](feature, context);
    if (!made) continue;
    const id = idOf(name, feature.properties);
    if (id !== null) entry.features.set(id, { feature, made });
    if (made.options.interactive !== false && (GRID_LAYERS.has(name) || !(feature.properties.count > 1))) {
      const kind = name === "hotspots" && feature.properties.unit !== "grid" ? "cell" : GRID_LAYERS.has(name) ? "grid" : name === "cameras" ? "camera" : ["incidents", "assignment"].includes(name) ? "incident" : name === "findings" ? "finding" : name === "sections" ? "section" : "site";
      made.on("click", (event) => { L.DomEvent.stopPropagation(event); tell("picked", kind, feature.properties, name); });
      made.on("dblclick", (event) => { if (kind === "grid" && page === "grids") { L.DomEvent.stop(event); tell("picked", "open", feature.properties, name); } });
      if (kind === "grid" || kind === "cell") made.on("mouseover mouseout", (event) => tell("hovered", event.type === "mouseover" ? feature.properties.code : null));
    }
    entry.group.addLayer(made);
  }
  restack();
}

let stacking = false;

/** Put the layers above each other in their order; once a frame however many were loaded. */
function restack() {
  if (stacking) return;
  stacking = true;
  requestAnimationFrame(() => {
    stacking = false;
    for (const name of ORDER) {
      const entry = shown.get(name);
      if (entry && map.hasLayer(entry.group)) entry.group.eachLayer((one) => one.bringToFront?.());
    }
    mark();
  });
}

async function load(entry, url = entry.config.url) {
  const { config } = entry;
  entry.loading = true;
  entry.error = null;
  tell("loaded", config.name);
  try {
    const answer = await entry.fetch(url, { query: queryOf(config.depends, map) });
    if (answer === null || !isOn(config.name)) return;
    entry.answer = answer;
    if (config.kind === "features") draw(entry);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    entry.error = error;
    entry.group.clearLayers();
  } finally {
    entry.loading = false;
    tell("loaded", config.name);
  }
}

async function tiles(entry) {
  entry.config.leaflet.setOpacity(state.opacity / 100);
  point(map, entry.config.leaflet, `${entry.config.url}?${tileQuery(theme(), facts.revision)}`);
  // The tiles carry the picture; the frame of the same name the legend.
  entry.config.depends = TILES_DEPEND;
  await load(entry, "/api/layers/heat");
}

/** Show what the state wants, hide the rest, load what `changed` concerns (null: everything). */
export function refresh(changed = null) {
  for (const [name, entry] of shown) {
    if (entry.own) {
      entry.own(isOn(name));
      continue;
    }
    const pictures = entry.config.kind === "tiles";
    const item = pictures ? entry.config.leaflet : entry.group;
    if (!isOn(name)) {
      item.remove();
      entry.answer = null;
      entry.error = null;
      continue;
    }
    const fresh = !map.hasLayer(item);
    if (fresh && !pictures) item.addTo(map);
    const depends = pictures ? TILES_DEPEND : entry.config.depends;
    // Of few grids all came at once: moving the map asks for none again.
    const moves = entry.answer?.meta?.windowed !== false;
    if (fresh || changed === null || depends.some((one) => changed.has(one) && (moves || one !== "bbox"))) {
      if (pictures) tiles(entry);
      else load(entry);
    }
  }
}

const tiled = () => [...shown.values()].filter((entry) => entry.config.kind === "tiles" && isOn(entry.config.name)).map((entry) => entry.config.leaflet);

/** Wait for the picture that the present change asks for: what tells of it comes after it, not between its tiles. */
export const pictured = () => counted(Promise.resolve().then(() => allLoaded(tiled(), 1500)));

/** Wait until everything that was asked for is on the map: answers, and pictures of the heat map (for 10 s at most). */
export async function drawn() {
  await settled();
  await allLoaded(tiled(), 10000);
}

/** Return how far the view of a camera recorded inside a building was moved; 0 for none or where views are off. */
export function movedM(id) {
  const views = shown.get("views");
  const seen = views?.answer?.features?.find((feature) => feature.properties.camera === id);
  return seen?.properties.moved_m ?? views?.moved?.get(id) ?? 0;
}

/** Return the drawn grid of a code, from whichever grid layer is on. */
export function gridFeature(code) {
  for (const name of GRID_LAYERS) {
    const found = shown.get(name)?.features.get(code);
    if (found) return found.feature;
  }
  return null;
}

let hovered = null;

/** Outline the selected and the hovered grid above everything. */
export function mark(code = hovered) {
  hovered = code;
  highlight.clearLayers();
  const outline = (feature, options) => {
    if (feature) L.geoJSON(feature, { interactive: false, style: () => ({ fill: false, ...options }) }).addTo(highlight);
  };
  const selected = /^(grid|cell):/.test(state.selected ?? "") ? state.selected.slice(5) : null;
  if (selected) {
    outline(gridFeature(selected), { color: colour("halo"), weight: 6 });
    outline(gridFeature(selected), { color: colour("select"), weight: 3 });
  }
  if (code && code !== selected) outline(gridFeature(code), { color: colour("select"), weight: 2 });
}

/** Bring a grid into view when it is not, or zoom to it. */
export function goToGrid(code, zoom = false) {
  const feature = gridFeature(code);
  if (!feature) return;
  const box = L.geoJSON(feature).getBounds();
  if (zoom) fit([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], { maxZoom: 17.5, animate: true });
  else if (!map.getBounds().contains(box.getCenter())) map.panTo(box.getCenter());
}

/** Return the paddings that keep data clear of what lies over the map. */
function room(box) {
  const crumbs = page === "grids" ? 52 : 0;
  if (map.getSize().x <= 620) return { paddingTopLeft: [10, 90 + crumbs], paddingBottomRight: [10, 34] };
  const paddingTopLeft = [28, 12 + crumbs];
  const [least, beside] = [16, Math.max(byId("legends").offsetWidth, 220) + 36];
  const zoom = (right) => map.getBoundsZoom(box, false, L.point(paddingTopLeft[0] + right, paddingTopLeft[1] + 30));
  // Beside the legend, unless the data would become much smaller for it.
  const right = byId("legends").open && zoom(least) - zoom(beside) <= 0.75 ? beside : least;
  return { paddingTopLeft, paddingBottomRight: [right, 30] };
}

export function fit(bounds = facts.bounds, options = {}) {
  if (!bounds) return;
  const [west, south, east, north] = bounds;
  const box = L.latLngBounds([[south, west], [north, east]]);
  map.fitBounds(box, { ...room(box), animate: false, ...options });
}

export const theme = () => document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/** Show the picture tiles of the base map where it is not drawn as vectors. */
function showBase() {
  if (!gl.decided) return;
  if (gl.covers) {
    if (map.getContainer().dataset.gl === "drawn") base.leaflet.remove();
  } else point(map, base.leaflet.setZIndex(0), `${base.url}?theme=${theme()}&v=${facts.settled}`); // below the heat, whichever comes first
  map.getContainer().dataset.base = gl.covers ? "vector" : "pictures";
  notes();
}

/** Start the map: place it as the address says or on the data, then load. */
export function start(status) {
  setFacts(status);
  map._fadeAnimated = false; // fading tiles in paints the whole picture anew for 200 ms: it would come that much later
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    map._zoomAnimated = false;
    map.options.inertia = false;
  }
  if (state.centre && state.zoom !== null) map.setView(state.centre, state.zoom, { animate: false });
  else if (status?.bounds) fit();
  gl.onState(showBase);
  gl.start(map, base.gl, theme, facts.settled);
  onTheme(() => {
    showBase();
    for (const [name, entry] of shown) {
      if (entry.config.kind === "tiles" && isOn(name)) tiles(entry);
      entry.group.eachLayer((one) => one.restyle?.());
    }
    mark();
  });
  map.on("moveend", () => {
    const centre = map.getCenter();
    set({ centre: [centre.lat, centre.lng].map((value) => Number(value.toFixed(6))), zoom: map.getZoom() });
    refresh(new Set(["bbox", "zoom"]));
  });
  map.on("click", (event) => { if (!gl.pick(event)) set({ selected: null }); });
  onChange((changed) => {
    if (changed.has("selected")) {
      mark();
      for (const name of ["cameras", "incidents", "assignment"]) shown.get(name)?.group.eachLayer((one) => one.redraw?.());
    }
    if (changed.has("opacity")) for (const { config } of shown.values()) if (config.kind === "tiles") config.leaflet.setOpacity(state.opacity / 100);
    const concerns = new Set([...changed].filter((name) => !["centre", "zoom", "selected", "tab", "opacity"].includes(name)));
    if (concerns.has("layers")) concerns.delete("layers");
    if (changed.has("layers") || concerns.size) refresh(concerns);
    if (["hours", "weekdays", "category"].some((name) => changed.has(name))) notes();
  });
  byId("zoom-in").addEventListener("click", () => map.zoomIn(1));
  byId("zoom-out").addEventListener("click", () => map.zoomOut(1));
  byId("zoom-fit").addEventListener("click", () => fit());
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
  refresh();
}

/** Load everything again after the data changed; `quiet`: incidents only, which the base map does not show. */
export function reload(status, { quiet = false } = {}) {
  const first = !facts.bounds;
  setFacts(status);
  if (first) fit();
  if (!quiet) {
    gl.reload(facts.settled);
    showBase();
  }
  refresh();
}

let missing = [];

/** Say over the map which data this page would use but the store does not hold. */
export function sayMissing(layers) {
  missing = layers;
  notes();
}

/** Show notes over the map: what is missing, truncated, failed. */
export function notes() {
  const lines = [];
  if (missing.length) {
    lines.push(make("p", {}, `${t("note.missing", { names: missing.map((name) => t(`data.${name}`)).join(COMMA) })} `, make("a", { href: "/import" }, t("empty.import"))));
  }
  if (gl.note) lines.push(make("p", {}, t(gl.note)));
  for (const [name, entry] of shown) {
    if (!isOn(name)) continue;
    if (entry.error) lines.push(make("p", { class: "error" }, `${t(`layer.${name}`)}${COLON}${entry.error.message} ${entry.error.remedy}`));
    const meta = entry.answer?.meta;
    if (meta?.truncated) lines.push(make("p", {}, t("note.truncated", { layer: t(`layer.${name}`), shown: number(meta.shown ?? entry.answer.features.length), count: number(meta.in_view ?? meta.doubtful) })));
  }
  const box = byId("map-notes"), told = [byId("lead-pill"), ...activeFilters(), ...lines];
  // With each layer that comes this is told again: what says the same stays, with the focus or the press that is on it.
  if (told.length !== box.children.length || told.some((one, i) => !one.isEqualNode(box.children[i]))) box.replaceChildren(...told);
}
