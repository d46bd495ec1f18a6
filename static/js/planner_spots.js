// Blind spots: the ranked list, the walk from one to the next, the map that follows.
/* global L */

import { figures, onFigures } from "./planner_data.js";
import { byId, make, narrow } from "./dom.js";
import { tip } from "./draw.js";
import { number, t } from "./i18n.js";
import { fit, map, own } from "./map.js";
import { sheet } from "./panel.js";
import { typing } from "./shell.js";
import { set, state } from "./state.js";
import { gl } from "./gl.js";
import { styles } from "./gl_style.js";
import { addTiles, showTiles } from "./planner_gl.js";
import { colour, onTheme } from "./symbols.js";
import { Table } from "./table.js";

const PANE = "blindspots";
const NUMBERED = 10;
const NEAR_ZOOM = 15.5;
const WHY = ["range", "near", "direction", "wall", "no_camera", "off"];
map.createPane(PANE).style.zIndex = "420";
// SVG, whose ground lets the pointer through: a second canvas would keep it from what lies below.
const renderer = L.svg({ pane: PANE });
const group = L.layerGroup();
const outlines = L.layerGroup();
const marked = L.layerGroup().addTo(map);
let order = [];

const why = (row) => (WHY.includes(row.why) ? t(`blind.${row.why}`) : row.why ?? "");
const shortWhy = (row) => (WHY.includes(row.why) ? t(`unseen.${row.why}`) : row.why ?? "");
const gridOf = (row) => row.grid_name ?? row.grid ?? "–";
const rankOf = () => (state.selected?.startsWith("spot:") ? Number(state.selected.slice(5)) : null);
const nearest = (row) => (row.nearest_camera === null || row.nearest_camera === undefined ? t("spots.no_camera") : t("spots.nearest", { camera: row.nearest_name ?? row.nearest_camera, distance: number(row.nearest_m) }));
const size = (row) => t("spots.size", { area: number(row.blind_m2), incidents: number(row.incidents_unseen) });

const table = new Table(byId("spot-table"), {
  columns: [
    { key: "rank", label: t("col.rank"), numeric: true, text: (row) => number(row.rank) },
    { key: "grid", label: t("col.grid"), name: "name wide", by: gridOf, text: (row) => row.grid ?? "–", cell: (row) => make("span", { title: row.grid ?? "" }, gridOf(row), make("span", { class: "why-line", title: why(row) }, shortWhy(row))) },
    { key: "blind_m2", label: t("col.blind"), unit: "m²", numeric: true, text: (row) => number(row.blind_m2) },
    { key: "incidents_unseen", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents_unseen) },
    { key: "nearest_m", label: t("col.nearest"), unit: "m", numeric: true, text: (row) => number(row.nearest_m) },
  ],
  keyOf: (row) => String(row.rank), label: t("spots.label"), sort: { key: "rank", down: false }, empty: t("spots.empty"),
  on: { select: (row) => choose(row.rank), open: (row) => choose(row.rank), hover: (key) => mark(key === null ? null : Number(key)) },
});
table.exported = ["rank", "grid", "grid_name", "blind_m2", "incidents_unseen", "nearest_camera", "nearest_m", "why", "lon", "lat"].map((key) => ({ key, label: key, numeric: !["grid", "grid_name", "nearest_camera", "why"].includes(key), text: (row) => row[key] }));

const featureOf = (rank) => figures.spots?.features.find((one) => one.properties.rank === rank) ?? null;

const style = () => ({ renderer, pane: PANE, color: colour("blind-4"), weight: 1.2, fillColor: colour("blind-3"), fillOpacity: 0.25, className: "spot-path" });

/** A numbered badge of one of the worst, so that the map opens on them at any zoom. */
const Badge = L.DivIcon.extend({
  createIcon() {
    const box = make("div", { "aria-label": t("spots.place", { rank: number(this.options.rank), count: number(count()) }) }, number(this.options.rank));
    this._setIconStyles(box, "icon");
    box.className = `leaflet-marker-icon badge-spot${this.options.rank === rankOf() ? " chosen" : ""}`;
    return box;
  },
});

function badge(row) {
  const made = L.marker([row.lat, row.lon], { icon: new Badge({ rank: row.rank, iconSize: [24, 24] }), keyboard: true, riseOnHover: true, zIndexOffset: 100 - row.rank });
  made.on("click keypress", (event) => { if (event.type === "click" || event.originalEvent.key === "Enter") { L.DomEvent.stop(event.originalEvent ?? event); choose(row.rank, { move: event.type !== "click" }); } });
  made.bindTooltip(() => told(row), { direction: "top", offset: [0, -12] });
  return made;
}

const told = (row) => tip(t("spots.place", { rank: number(row.rank), count: number(count()) }), [gridOf(row), size(row), why(row), nearest(row)]);

function draw() {
  group.clearLayers();
  outlines.clearLayers();
  for (const feature of gl.webgl ? [] : figures.spots?.features ?? []) {
    if (!feature.geometry) continue;
    const made = L.geoJSON(feature, { style, pane: PANE, renderer });
    const row = feature.properties;
    made.bindTooltip(() => told(row), { sticky: true, direction: "top", offset: [0, -6] });
    made.on("click", (event) => { L.DomEvent.stopPropagation(event); choose(row.rank, { move: false }); });
    made.restyle = () => made.setStyle(style());
    outlines.addLayer(made);
  }
  for (const { properties } of figures.spots?.features ?? []) if (properties.rank <= NUMBERED && Number.isFinite(properties.lat)) group.addLayer(badge(properties));
}

let hovered = null;

/** The outline without what is too small on the screen: from far the houses in it would be one black blot. */
function outer(feature) {
  const least = 12 * 360 / (256 * 2 ** map.getZoom()); // twelve pixels, in degrees of longitude
  const wide = (ring) => { const east = ring.map(([lon]) => lon); return Math.max(...east) - Math.min(...east) >= least; };
  const kept = ([first, ...holes]) => [first, ...holes.filter(wide)];
  const { type, coordinates } = feature.geometry;
  return { type, coordinates: type === "MultiPolygon" ? coordinates.map(kept) : kept(coordinates) };
}

function mark(rank = hovered) {
  hovered = rank;
  marked.clearLayers();
  const outline = (feature, weight, token) => {
    if (feature?.geometry) L.geoJSON(outer(feature), { interactive: false, pane: PANE, renderer, style: () => ({ fill: false, color: colour(token), weight }) }).addTo(marked);
  };
  const chosen = featureOf(rankOf());
  outline(chosen, 7, "halo");
  outline(chosen, 3, "select");
  if (rank !== rankOf()) outline(featureOf(rank), 2, "select");
  group.eachLayer((one) => one.options.icon && one._icon?.classList.toggle("chosen", one.options.icon.options.rank === rankOf()));
}

const count = () => figures.spots?.meta?.count ?? figures.spots?.features.length ?? 0;

/** Select the blind spot of a rank; the map flies there. */
export function choose(rank, { move = true } = {}) {
  set({ selected: `spot:${rank}`, ask: null, line: null });
  if (move) fly(rank);
  if (narrow()) sheet("");
}

function fly(rank) {
  const feature = featureOf(rank);
  if (!feature?.geometry) return;
  const box = L.geoJSON(feature).getBounds();
  const animate = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Clear of the card below and the legend beside.
  const paddings = narrow() ? { paddingTopLeft: [30, 100], paddingBottomRight: [60, 210] } : { paddingTopLeft: [60, 60], paddingBottomRight: [280, 180] };
  fit([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], { maxZoom: 18, animate, ...paddings });
}

/** Go `step` places on in the order of the table. */
export function walk(step) {
  order = table.ordered().map((row) => row.rank);
  if (!order.length) return;
  const place = order.indexOf(rankOf());
  const next = place < 0 ? (step > 0 ? 0 : order.length - 1) : (place + step + order.length) % order.length;
  choose(order[next]);
}

/** Show the card of the selected blind spot and mark it in the table and on the map. */
export function followSpot() {
  const rank = rankOf();
  const row = rank === null ? null : featureOf(rank)?.properties;
  table.select(rank === null ? null : String(rank));
  byId("walker").hidden = !row;
  if (row) {
    byId("spot-text").replaceChildren(make("p", {}, make("b", {}, t("spots.place", { rank: number(row.rank), count: number(count()) })), make("span", { class: "muted", data: { from: "data" } }, `  ${gridOf(row)}`)),
      make("p", {}, size(row)), make("p", { class: "muted" }, why(row)), make("p", { class: "muted", data: { from: "data" } }, nearest(row)));
  }
  mark();
}

let wanted = false;

/** From far away the numbers of the worst; nearer the outlines too. */
function show() {
  for (const [one, on] of [[group, wanted], [outlines, wanted && map.getZoom() >= NEAR_ZOOM]]) {
    if (on) one.addTo(map);
    else one.remove();
  }
  showTiles("blindspots", wanted && map.getZoom() >= NEAR_ZOOM);
}

/** Draw the outlines of all by WebGL: below the cameras, which stay in reach of the pointer. */
export function spotVectors() {
  addTiles("blindspots", styles.blindspots, {
    hover: (row) => {
      mark(row ? row.rank : null);
      return row ? told(featureOf(row.rank)?.properties ?? { ...row, why: "" }) : null;
    },
    click: (row) => choose(row.rank, { move: false }),
  });
}

const entry = own("blindspots", (on) => { wanted = on; show(); }, "views");

function legend() {
  const listed = figures.spots?.features.length ?? 0;
  const item = { symbol: "blindspot", label: t("legend.spots"), low: null, high: null, count: count() };
  entry.answer = { legend: listed ? { title: t("layer.blindspots"), unit: "m²", items: [item], note: t("legend.spots.note", { count: NUMBERED }) } : null, meta: { in_view: count() } };
  entry.changed();
}

function keys(event) {
  if (typing(event)) return;
  if (event.key === "n") walk(1);
  else if (event.key === "p") walk(-1);
}

export function startSpots() {
  onFigures("spots", (found) => {
    table.empty = t(found.meta?.computing && !figures.coverage?.grids?.length ? "spots.waiting" : "spots.empty");
    table.setRows(found.features.map((one) => one.properties));
    const listed = found.features.length;
    byId("spot-count").textContent = listed === 0 ? "" : count() > listed ? t("spots.shown", { shown: number(listed), count: number(count()) }) : t("spots.count", { count: number(listed) });
    byId("spot-walk").disabled = listed === 0;
    draw();
    legend();
    followSpot();
  });
  byId("spot-walk").addEventListener("click", () => walk(1));
  byId("spot-on").addEventListener("click", () => walk(1));
  byId("spot-back").addEventListener("click", () => walk(-1));
  byId("spot-close").addEventListener("click", () => set({ selected: null }));
  document.querySelector('[data-export="spots-csv"]').addEventListener("click", () => table.export("blindspots"));
  document.addEventListener("keydown", keys);
  map.on("zoomend", () => { show(); mark(); });
  onTheme(() => { outlines.eachLayer((one) => one.restyle?.()); mark(); });
}
