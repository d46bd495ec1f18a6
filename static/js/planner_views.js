// The view of one camera while the pointer rests on it or its row: asked once, kept while nothing changed.
/* global L */

import { request } from "./api.js";
import { figures, params } from "./planner_data.js";
import { layer, map, on } from "./map.js";
import { colour, hatch, onTheme } from "./symbols.js";

const PANE = "oneview";
const PATIENCE_MS = 90;
const MOST = 300;
map.createPane(PANE).style.zIndex = "430";
map.getPane(PANE).style.pointerEvents = "none";
const renderer = L.canvas({ pane: PANE });
const group = L.layerGroup().addTo(map);
const kept = new Map();
let timer = null;
let shown = null;

const style = (state) => (state === "certain"
  ? { color: colour("view"), weight: 2.5, fillColor: colour("view"), fillOpacity: 0.5 }
  : { color: colour("view"), weight: 2, dashArray: "5 3", fillColor: hatch(document.createElement("canvas").getContext("2d"), "view", 4, 1.1), fillOpacity: 0.75 });

async function viewOf(id) {
  const key = JSON.stringify([id, figures.coverage?.meta?.revision, params()]);
  if (!kept.has(key)) {
    if (kept.size >= MOST) kept.delete(kept.keys().next().value);
    kept.set(key, request("/api/views", { query: { ...params(), camera: id }, quiet: true }));
  }
  try {
    return await kept.get(key);
  } catch (error) {
    kept.delete(key);
    console.info("view:", error.message);
    return null;
  }
}

function draw(found) {
  group.clearLayers();
  for (const feature of found?.features ?? []) {
    if (feature.geometry) L.geoJSON(feature, { renderer, pane: PANE, interactive: false, style: () => style(feature.properties.state) }).addTo(group);
  }
}

let held = null;
let told = null;

/** Keep the view of a camera on the map while no other is pointed at; null: of none. */
export function holdView(id) {
  held = id;
  showView(null);
}

/** Show the view of a camera; for null that of the camera that is held, if any. */
export function showView(wished) {
  const id = wished ?? held;
  if (id === shown) return;
  shown = id;
  clearTimeout(timer);
  if (id === null || id === undefined) {
    group.clearLayers();
    return;
  }
  timer = setTimeout(async () => {
    const found = await viewOf(id);
    if (id !== shown) return;
    draw(found);
    const views = layer("views");
    views.moved ??= new Map();
    const fresh = !views.moved.has(id);
    views.moved.set(id, found?.features[0]?.properties.moved_m ?? 0);
    if (fresh && id === held) told?.();
  }, PATIENCE_MS);
}

/** Show the view of the camera under the pointer; `heard` runs when more is known of the camera that is held. */
export function startViews(heard) {
  told = heard;
  on("loaded", (name) => {
    if (name !== "cameras" || layer("cameras")?.loading) return;
    for (const [id, { made }] of layer("cameras")?.features ?? []) {
      if (made.hasView) continue;
      made.hasView = true;
      made.on("mouseover", () => showView(id));
      made.on("mouseout", () => showView(null));
    }
  });
  onTheme(() => { shown = null; showView(null); });
}
