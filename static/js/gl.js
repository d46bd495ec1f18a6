// The drawing by WebGL: one MapLibre map inside the Leaflet map, below everything that Leaflet draws itself.
//
//   import { gl } from "./gl.js";
//
//   gl.webgl                         whether this browser can draw by WebGL
//   gl.ready                         promise of the MapLibre map once it has drawn; null where there is no WebGL
//   gl.addVector(name, url, layers, { hover, click, visible, minzoom, maxzoom, promoteId })
//       Adds vector tiles. `url` is a path such as "/tiles/coverage/{z}/{x}/{y}.mvt?level=community"; null: none yet.
//       `layers`: function of the theme ("light", "dark") that returns MapLibre layers, bottom to top, without `source`;
//       their ids become `${name}-${id}`. Ready ones for our tiles: `styles` of gl_style.js (coverage, cameras, views, blindspots).
//       `hover(row, event)`: called with the properties of the top feature under the pointer (its layer of the tile in
//       `row._layer`), null when the pointer leaves; what it returns (an element) becomes the tooltip.
//       `click(row, event)`: as above; such a click reaches nobody else. `promoteId`: property that is the feature's
//       identity; the feature under the pointer then has the feature-state "hover".
//       The zooms are those of the tiles, one less than Leaflet's. A source that is there already is replaced.
//   gl.setUrl(name, url)             other parameters: tiles are loaded anew, the old ones stay until then
//   gl.setVisible(name, on)          gl.remove(name)
//   gl.setFilter(name, id, filter)   null: everything
//   gl.reload(revision)              after a change of the data or a computation: base map and data tiles are asked for anew
//   gl.setBase(theme)                follows the theme by itself; only tests call it
//   gl.hush(on)                      whether nothing is told of what lies under the pointer
//   gl.loading                       whether tiles are still on their way
//   gl.shows(name, field)            whether a drawn feature of the tiles has the property: where coverage is drawn as
//                                    areas, its grids have no "symbol"
//   gl.onState(run)                  told when `gl.note` or the base map changes
//   gl.note                          what to say over the map: null, "gl.missing" or "gl.preparing" (keys of web/jstext)
//
// All may be called before gl.ready; without WebGL they do nothing.
/* global L, maplibregl */

import { request, Refused } from "./api.js";
import { baseLayers, images } from "./gl_style.js";
import { onTheme } from "./symbols.js";

const AGAIN_MS = 700;
const REACH_PX = 4; // how near the pointer must be to a point or a line

let leaflet = null; // the Leaflet map
let config = null; // addresses of the scripts, from the page
let layer = null; // the Leaflet layer that holds the MapLibre map
let glMap = null;
let loaded = false; // whether the map takes styles
let painted = null; // theme of the pictures it has
let base = { state: "unknown" };
let theme = "light";
let revision = null;
let asking = null;
let scripts = null; // promise of them
let starting = null;
let failed = false;
let note = null;
const entries = new Map();
const watchers = new Set();
let found = null; // what is under the pointer
let hushed = false;
let tooltip = null;

const able = (() => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
})();

let arrived = null;
const ready = new Promise((resolve) => { arrived = resolve; });
const tell = () => { for (const run of watchers) run(); };
const draws = () => able && !failed;
const based = () => base.state === "ready";

function say() {
  const now = !draws() ? "gl.missing" : base.state === "building" ? "gl.preparing" : null;
  if (now === note) return;
  note = now;
  tell();
}

function script(src) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = src;
    tag.async = false; // fetched at once, run in order
    tag.onload = resolve;
    tag.onerror = () => reject(new Error(src));
    document.head.append(tag);
  });
}

function absolute(url) {
  const address = `${location.origin}${url}`;
  return revision === null ? address : `${address}${url.includes("?") ? "&" : "?"}v=${revision}`;
}

const both = (one, other) => (one && other ? ["all", one, other] : one ?? other ?? null);

/** The whole style of the present state; MapLibre applies the difference. */
function style() {
  const sources = {};
  const layers = [];
  if (based()) layers.push({ id: "ground", type: "background", paint: { "background-color": base.palettes[theme].ground } });
  if (based()) { // until then the pictures below are seen
    sources.base = {
      type: "vector", minzoom: base.minzoom, maxzoom: base.maxzoom, bounds: base.bounds,
      tiles: [`${location.origin}/tiles/base/{z}/{x}/{y}.mvt?v=${base.key}`],
    };
    layers.push(...baseLayers(base, theme));
  }
  for (const [name, entry] of entries) {
    if (!entry.url) continue;
    sources[name] = { type: "vector", minzoom: entry.minzoom, maxzoom: entry.maxzoom, tiles: [absolute(entry.url)] };
    if (entry.promoteId) sources[name].promoteId = entry.promoteId;
    for (const one of entry.layers(theme)) {
      const made = { ...one, id: `${name}-${one.id}`, source: name };
      const filter = both(one.filter, entry.filters.get(one.id));
      if (filter) made.filter = filter;
      made.layout = { ...one.layout, visibility: entry.visible ? "visible" : "none" };
      layers.push(made);
    }
  }
  // Names lie above the areas of the data, its points above the names.
  const height = (one) => (one.type !== "symbol" && one.type !== "circle" ? 0 : one.source === "base" ? 1 : 2);
  layers.sort((one, other) => height(one) - height(other));
  return { version: 8, sources, layers };
}

/** Give the map the pictures that styles name, once for each theme. */
function paintImages() {
  if (painted === theme) return;
  for (const name of glMap.listImages()) glMap.removeImage(name);
  for (const [name, picture] of Object.entries(images())) glMap.addImage(name, picture.data, { pixelRatio: picture.ratio });
  painted = theme;
}

function restyle() {
  if (!loaded) return;
  paintImages();
  for (const [name, entry] of entries) {
    const source = glMap.getSource(name);
    if (source && source.tiles?.[0] !== absolute(entry.url)) source.setTiles([absolute(entry.url)]);
  }
  const held = glMap.getSource("base");
  if (held && based() && !held.tiles?.[0]?.endsWith(`v=${base.key}`)) held.setTiles(style().sources.base.tiles);
  glMap.setStyle(style(), { diff: true });
}

async function open() {
  try {
    await scripts;
    maplibregl.setWorkerUrl(config.worker);
    maplibregl.setWorkerCount?.(1);
    const sheet = document.createElement("link");
    Object.assign(sheet, { rel: "stylesheet", href: config.sheet });
    document.head.append(sheet);
    leaflet.createPane("gl").style.zIndex = 250; // above the picture tiles, below what Leaflet draws
    leaflet.getPane("gl").style.pointerEvents = "none";
    layer = L.maplibreGL({
      pane: "gl", padding: 0.05, style: { version: 8, sources: {}, layers: [] }, interactive: false, maxZoom: 22, minZoom: -2,
      fadeDuration: 0, renderWorldCopies: false, maxTileCacheZoomLevels: 3,
      attributionControl: false, validateStyle: false,
    }).addTo(leaflet);
    glMap = layer.getMaplibreMap();
  } catch (error) {
    console.info("no WebGL map:", error.message);
    lose();
    return;
  }
  glMap.on("error", (event) => {
    // 410: tiles of a base map that was replaced meanwhile.
    if (event.error?.status === 410 || event.error?.status === 503) ask();
    else if (event.error?.status || event.error instanceof TypeError) console.info("map:", event.error.message); // a tile did not come
    else console.error("map:", event.error?.message ?? event);
  });
  glMap.on("webglcontextlost", () => console.info("map: the WebGL context was lost"));
  glMap.once("load", () => { loaded = true; restyle(); drawn(); });
  pointer();
}

function lose() {
  failed = true;
  layer?.remove();
  layer = glMap = null;
  loaded = false;
  arrived(null);
  say();
  tell();
}

/** Wait until everything of the present state is drawn, then say so. */
function drawn() {
  glMap.once("idle", () => {
    arrived(glMap);
    leaflet.getContainer().dataset.gl = "drawn";
    tell();
  });
}

/** Ask what base map the server has; again in a moment while it makes one. */
async function ask() {
  clearTimeout(asking);
  try {
    const answer = await request("/tiles/base.json", { quiet: true });
    const changed = answer.key !== base.key || answer.state !== base.state;
    if (answer.state === "building" && based()) asking = setTimeout(ask, AGAIN_MS); // the old one stays until then
    else {
      base = answer;
      if (answer.state === "building") asking = setTimeout(ask, AGAIN_MS);
      if (changed && loaded) { restyle(); drawn(); }
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.info("base map:", error.message);
    asking = setTimeout(ask, 10 * AGAIN_MS);
  }
  if (draws() && !starting && (based() || entries.size)) starting = open();
  say();
  tell();
}

// What lies under the pointer.

const hears = (kind) => [...entries.values()].some((entry) => entry[kind] && entry.visible);

function under(event, kind) {
  if (!glMap || !layer || layer._zooming || !hears(kind)) return null;
  const at = event.layerPoint.subtract(L.DomUtil.getPosition(layer.getContainer()));
  const ids = [];
  for (const [name, entry] of entries) {
    if (!entry[kind] || !entry.visible) continue;
    for (const one of entry.layers(theme)) if (glMap.getLayer(`${name}-${one.id}`)) ids.push(`${name}-${one.id}`);
  }
  if (!ids.length) return null;
  const box = [[at.x - REACH_PX, at.y - REACH_PX], [at.x + REACH_PX, at.y + REACH_PX]];
  const all = glMap.queryRenderedFeatures(box, { layers: ids });
  // A point may be met nearby; an area only where it is.
  const exact = new Set(glMap.queryRenderedFeatures([at.x, at.y], { layers: ids }).map((one) => `${one.layer.id} ${one.id ?? JSON.stringify(one.properties)}`));
  return all.find((one) => one.geometry.type === "Point" || exact.has(`${one.layer.id} ${one.id ?? JSON.stringify(one.properties)}`)) ?? null;
}

const rowOf = (feature) => ({ ...feature.properties, _layer: feature.sourceLayer, _id: feature.id ?? null });
const mark = (feature, on) => {
  if (feature?.id !== undefined && glMap?.getSource(feature.source)) glMap.setFeatureState({ source: feature.source, sourceLayer: feature.sourceLayer, id: feature.id }, { hover: on });
};

function leave() {
  if (!found) return;
  mark(found, false);
  entries.get(found.source)?.hover?.(null, null);
  found = null;
  tooltip?.remove();
  leaflet.getContainer().style.cursor = "";
}

function move(event) {
  const now = hushed ? null : under(event, "hover");
  if (!now) { leave(); return; }
  const same = found && now.source === found.source && now.sourceLayer === found.sourceLayer && (now.id ?? JSON.stringify(now.properties)) === (found.id ?? JSON.stringify(found.properties));
  if (!same) {
    leave();
    found = now;
    mark(found, true);
    const entry = entries.get(found.source);
    leaflet.getContainer().style.cursor = entry.click ? "pointer" : "";
    const body = entry.hover(rowOf(found), event);
    tooltip ??= L.tooltip({ direction: "top", offset: [0, -8], interactive: false });
    if (body) tooltip.setContent(body).setLatLng(event.latlng).addTo(leaflet);
    else tooltip.remove();
  } else if (leaflet.hasLayer(tooltip)) tooltip.setLatLng(event.latlng);
}

function pointer() {
  let next = null, waiting = false;
  leaflet.on("mousemove", (event) => {
    next = event;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; if (next) move(next); next = null; });
  });
  leaflet.on("mouseout movestart zoomstart", () => { next = null; leave(); });
}

export const gl = {
  webgl: able,
  ready,
  get map() { return glMap; },
  get note() { return note; },
  /** Whether the base map is drawn as vectors, so that pictures are not needed. */
  get covers() { return draws() && based() && glMap !== null; },
  /** Whether pictures may have to be shown: false until the server has been asked. */
  get decided() { return base.state !== "unknown" || !draws(); },
  get loading() { return Boolean(glMap) && !glMap.areTilesLoaded(); },

  shows(name, field) {
    if (!glMap || !entries.get(name)?.visible) return false;
    const layers = entries.get(name).layers(theme).map((one) => `${name}-${one.id}`).filter((id) => glMap.getLayer(id));
    return glMap.queryRenderedFeatures({ layers, filter: ["has", field] }).length > 0;
  },

  /** Begin: `map` is the Leaflet map, `addresses` the scripts; for the map module. */
  start(map, addresses, firstTheme, firstRevision) {
    leaflet = map;
    config = addresses;
    theme = firstTheme();
    revision = firstRevision;
    onTheme(() => gl.setBase(firstTheme()));
    say();
    if (draws()) {
      scripts = Promise.all(config.scripts.map(script));
      scripts.catch(() => {}); // told where they are waited for
      ask();
    }
    else { arrived(null); tell(); }
  },
  setBase(name) {
    if (name === theme) return;
    theme = name;
    restyle();
  },
  addVector(name, url, layers, { hover = null, click = null, visible = true, minzoom = 0, maxzoom = 16, promoteId = null } = {}) {
    entries.set(name, { url, layers, hover, click, visible, minzoom, maxzoom, promoteId, filters: new Map() });
    if (leaflet && draws() && !starting && gl.decided) starting = open();
    restyle();
  },
  setUrl(name, url) {
    const entry = entries.get(name);
    if (entry.url === url) return;
    entry.url = url;
    restyle();
  },
  setVisible(name, on) {
    const entry = entries.get(name);
    if (entry.visible === on) return;
    entry.visible = on;
    leave();
    restyle();
  },
  setFilter(name, id, filter) {
    const entry = entries.get(name);
    entry.filters.set(id, filter);
    if (!loaded || !glMap.getLayer(`${name}-${id}`)) return;
    glMap.setFilter(`${name}-${id}`, both(entry.layers(theme).find((one) => one.id === id).filter, filter));
  },
  hush(on) {
    hushed = on;
    if (on) leave();
  },
  remove(name) {
    leave();
    entries.delete(name);
    restyle();
  },
  reload(now = revision) {
    const again = now === revision;
    revision = now;
    if (!draws() || !leaflet) return;
    if (again) for (const name of entries.keys()) glMap?.getSource(name)?.setTiles([absolute(entries.get(name).url)]);
    restyle();
    ask();
  },
  /** Hand a click of the Leaflet map to what it met; whether anything took it. */
  pick(event) {
    const hit = under(event, "click");
    if (!hit) return false;
    entries.get(hit.source).click(rowOf(hit), event);
    return true;
  },
  onState: (run) => watchers.add(run),
};
