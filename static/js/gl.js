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
//   gl.addressOf(name)               the path of the tiles of a source, with {z}, {x}, {y}; "base" is the base map
//   gl.shows(name, field)            whether a drawn feature of the tiles has the property: where coverage is drawn as
//                                    areas, its grids have no "symbol"
//   gl.onState(run)                  told when `gl.note` or the base map changes
//   gl.note                          what to say over the map: null, "gl.missing" or "gl.preparing" (keys of web/jstext)
//
// All may be called before gl.ready; without WebGL they do nothing.
/* global L, maplibregl */

import { request, Refused } from "./api.js";
import { Pointer } from "./gl_pointer.js";
import { filterOf, idsOf, paintImages, styleOf } from "./gl_scene.js";
import { present, Renewal } from "./gl_tiles.js";
import { onTheme } from "./symbols.js";

const AGAIN_MS = 700;

let leaflet = null; // the Leaflet map
let config = null; // addresses of the scripts, from the page
let layer = null; // the Leaflet layer that holds the MapLibre map
let glMap = null;
let renewal = null; // of its tiles
let pointer = null;
let hushed = false;
let loaded = false; // whether the map takes styles
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

function addressOf(name) {
  if (name === "base") return `/tiles/base/{z}/{x}/{y}.mvt?v=${base.key}`;
  const { url } = entries.get(name);
  return revision === null ? url : `${url}${url.includes("?") ? "&" : "?"}v=${revision}`;
}

function restyle() {
  if (!loaded) return;
  paintImages(glMap, theme);
  glMap.setStyle(styleOf(based() ? base : null, entries, theme), { diff: true });
}

/** Leaflet tells of one zoom three times; each telling would draw a frame. */
function layerClass() {
  return L.MaplibreGL.extend({
    _transformGL(drawing) {
      const { lng, lat } = this._map.getCenter(), zoom = this._map.getZoom() - 1, held = drawing.getCenter();
      if (held.lng === lng && held.lat === lat && drawing.getZoom() === zoom) return;
      drawing.jumpTo({ center: [lng, lat], zoom });
    },
  });
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
    layer = new (layerClass())({
      pane: "gl", padding: 0.05, style: { version: 8, sources: {}, layers: [] }, interactive: false, maxZoom: 22, minZoom: -2,
      fadeDuration: 0, renderWorldCopies: false, maxTileCacheZoomLevels: 3,
      attributionControl: false, validateStyle: false, transformRequest: present(addressOf),
    }).addTo(leaflet);
    glMap = layer.getMaplibreMap();
  } catch (error) {
    console.info("no WebGL map:", error.message);
    lose();
    return;
  }
  renewal = new Renewal(glMap);
  pointer = new Pointer(leaflet, layer, entries, () => theme);
  pointer.hush(hushed);
  glMap.on("error", (event) => {
    // 410: tiles of a base map that was replaced meanwhile.
    if (event.error?.status === 410 || event.error?.status === 503) ask();
    else if (event.error?.status || event.error instanceof TypeError) console.info("map:", event.error.message); // a tile did not come
    else console.error("map:", event.error?.message ?? event);
  });
  glMap.on("webglcontextlost", () => console.info("map: the WebGL context was lost"));
  glMap.once("load", () => { loaded = true; restyle(); drawn(); });
}

function lose() {
  failed = true;
  layer?.remove();
  layer = glMap = renewal = pointer = null;
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
      if (changed && loaded) { restyle(); renewal.ask("base"); drawn(); }
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

export const gl = {
  webgl: able,
  ready,
  addressOf,
  get map() { return glMap; },
  get note() { return note; },
  /** Whether the base map is drawn as vectors, so that pictures are not needed. */
  get covers() { return draws() && based() && glMap !== null; },
  /** Whether pictures may have to be shown: false until the server has been asked. */
  get decided() { return base.state !== "unknown" || !draws(); },
  get loading() { return Boolean(glMap) && (renewal.pending || !glMap.areTilesLoaded()); },

  shows(name, field) {
    if (!glMap || !entries.get(name)?.visible) return false;
    const layers = idsOf(name, entries.get(name), theme).filter((id) => glMap.getLayer(id));
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
    const replaced = entries.has(name);
    entries.set(name, { url, layers, hover, click, visible, minzoom, maxzoom, promoteId, filters: new Map() });
    if (leaflet && draws() && !starting && gl.decided) starting = open();
    restyle();
    if (replaced) renewal?.ask(name);
  },
  setUrl(name, url) {
    const entry = entries.get(name);
    if (entry.url === url) return;
    const other = Boolean(entry.url && url); // else the source comes or goes
    entry.url = url;
    if (other) renewal?.ask(name);
    else restyle();
  },
  setVisible(name, on) {
    const entry = entries.get(name);
    if (entry.visible === on) return;
    entry.visible = on;
    pointer?.leave();
    restyle();
  },
  setFilter(name, id, filter) {
    const entry = entries.get(name);
    entry.filters.set(id, filter);
    if (!loaded || !glMap.getLayer(`${name}-${id}`)) return;
    glMap.setFilter(`${name}-${id}`, filterOf(entry, entry.layers(theme).find((one) => one.id === id)));
  },
  hush(on) {
    hushed = on;
    pointer?.hush(on);
  },
  remove(name) {
    pointer?.leave();
    entries.delete(name);
    restyle();
  },
  reload(now = revision) {
    revision = now;
    if (!draws() || !leaflet) return;
    for (const name of entries.keys()) renewal?.ask(name);
    restyle();
    ask();
  },
  pick: (event) => pointer?.pick(event) ?? false,
  onState: (run) => watchers.add(run),
};
