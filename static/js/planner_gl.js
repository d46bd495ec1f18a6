// The data layers of the planner as vector tiles, where the browser can draw them: the grids' blind share from far, the
// areas themselves near, every view, every blind spot. Without WebGL the layers of map.js stand in.


import { addressOf, figures, onFigures } from "./planner_data.js";
import { share } from "./planner_answer.js";
import { gridTitle, tip } from "./draw.js";
import { gl } from "./gl.js";
import { styles } from "./gl_style.js";
import { COLON, number, t, word } from "./i18n.js";
import { layer, map, mark, own } from "./map.js";
import { now } from "./shell.js";
import { state } from "./state.js";
import { colour } from "./symbols.js";
import { selectGrid } from "./workspace.js";

const MANY_CAMERAS = 3000; // more than these as vectors too
const STEPS = [0.2, 0.4, 0.6, 0.8, 1];
// Tiles of what is computed are asked for once its figures have answered: before that they are empty.
const COMPUTED = new Set(["coverage", "blindspots"]);
const answered = new Map();
const present = (name) => addressOf(`/tiles/${name}/_`).replace("/_", "/{z}/{x}/{y}.mvt");
const pathOf = (name) => (COMPUTED.has(name) ? answered.get(name) ?? null : present(name));
const entries = new Map();
const tiled = new Set();
let hovered = null;

export const vector = () => entries.size > 0;

const rowOf = (code) => figures.coverage?.grids.find((one) => one.code === code) ?? null;
const sharesOf = (row) => ["blind", "possible", "certain"].map((name) => `${t(`word.${name}`)}${COLON}${row.open_m2 > 0 ? share(row[`${name}_m2`] / row.open_m2) : "–"} %`);

function coverageTip(row) {
  const grid = rowOf(row.code ?? row.grid);
  if (!grid) return null;
  const here = row._layer === "grid" ? [] : [t(`state.${row._layer}`)];
  return tip(gridTitle(grid), [...here, ...sharesOf(grid)]);
}

function cameraTip(row) {
  if (row.count) return tip(t("cluster.label", { count: number(row.count) }));
  return tip(row.name ?? row.id ?? t("word.camera"), [word(row.kind === "other" ? "camera_kind_unknown" : row.kind), t(`state.${row.state}`),
    row.azimuth === undefined ? t("tip.no_direction") : `${t("col.azimuth")}${COLON}${number(row.azimuth)}°`]);
}

/** The outlines of the chosen grid and of the one under the pointer, above the coverage. */
function outlines() {
  const chosen = state.selected?.startsWith("grid:") ? state.selected.slice(5) : "";
  const line = (id, code, tone, width) => ({ id, type: "line", "source-layer": "grid", filter: ["==", ["get", "code"], code], paint: { "line-color": colour(tone), "line-width": width } });
  return [line("chosen-halo", chosen, "halo", 6), line("chosen", chosen, "select", 3), line("pointed", hovered ?? "", "select", 2)];
}

/** Outline the selected grid, and the one of `code`. */
export function markGrid(code = hovered) {
  hovered = code;
  if (!vector()) {
    mark(code);
    return;
  }
  for (const one of outlines()) gl.setFilter("coverage", one.id, one.filter);
}

function shareLegend() {
  const rows = figures.coverage?.grids ?? [];
  const counts = [0, 0, 0, 0, 0, 0];
  for (const row of rows) {
    if (!(row.open_m2 > 0)) counts[5] += 1;
    else counts[Math.max(0, STEPS.findIndex((step) => row.blind_m2 / row.open_m2 <= step))] += 1;
  }
  const items = [4, 3, 2, 1, 0].map((step) => ({ symbol: `blind-${step}`, label: "", low: step ? 100 * STEPS[step - 1] : 0, high: 100 * STEPS[step], count: counts[step] }));
  if (counts[5]) items.push({ symbol: "no-data", label: t("legend.no_open"), low: null, high: null, count: counts[5] });
  return { title: t("legend.share"), unit: "%", items, note: "" };
}

function areaLegend() {
  const { totals } = figures.coverage;
  const item = (symbol, name) => ({ symbol, label: `${t(`state.${name}`)} · ${totals.open_m2 > 0 ? share(totals[`${name}_m2`] / totals.open_m2) : "–"}\u00a0%`, low: null, high: null, count: null });
  return { title: t("legend.areas"), unit: "%", items: [item("view-certain", "certain"), item("view-possible", "possible"), item("area-blind", "blind")], note: "" };
}

function legends() {
  const coverage = entries.get("coverage");
  if (coverage && figures.coverage?.totals) {
    coverage.answer = { legend: gl.shows("coverage", "symbol") ? shareLegend() : areaLegend(), meta: { rows: figures.coverage.grids.length } };
    coverage.changed();
  }
  const item = (symbol, label) => ({ symbol, label, low: null, high: null, count: null });
  const cameras = entries.get("cameras");
  if (cameras) {
    const kinds = ["fixed", "ptz", "dome", "panoramic"].map((kind) => item(`camera-${kind}`, word(kind)));
    const states = ["online", "offline", "unknown"].map((name) => item(`state-${name}`, t(`state.${name}`)));
    const items = [...kinds, item("camera-other", word("camera_kind_unknown")), ...states, item("camera-cluster", t("legend.together"))];
    cameras.answer = { legend: { title: t("layer.cameras"), unit: "", items, note: "" }, meta: { in_view: now()?.layers.cameras.rows } };
    cameras.changed();
  }
  const views = entries.get("views");
  if (views) {
    views.answer = { legend: { title: t("layer.views"), unit: "", items: [item("view-certain", t("state.certain")), item("view-possible", t("state.possible"))], note: "" }, meta: {} };
    views.changed();
  }
}

/** Ask for tiles of the present filters, for which the figures have `come` or are yet to come. */
export function tilesOfFilters(come) {
  if (come) for (const name of COMPUTED) answered.set(name, present(name));
  for (const name of tiled) gl.setUrl(name, pathOf(name));
}

/** Add tiles that follow the filters of the page; hidden until they are made visible. */
export function addTiles(name, layers, how) {
  gl.addVector(name, pathOf(name), layers, { visible: false, ...how });
  tiled.add(name);
}

/** Show tiles of the present filters, or hide them. */
export function showTiles(name, shown) {
  if (!tiled.has(name)) return;
  if (shown) gl.setUrl(name, pathOf(name));
  gl.setVisible(name, shown);
}

/** Draw coverage, views and very many cameras by WebGL, where there is any; `between` adds what lies above coverage. */
export function startVectors({ hover, view, pick, between }) {
  if (!gl.webgl) {
    map.on("zoomend", () => layer("coverage").group.eachLayer((one) => one.restyle()));
    return;
  }
  const add = (name, layers, how) => {
    addTiles(name, layers, how);
    entries.set(name, own(name, (shown) => showTiles(name, shown)));
  };
  add("coverage", (theme) => [...styles.coverage(theme), ...outlines()], {
    hover: (row) => { const code = row ? row.code ?? row.grid ?? null : null; markGrid(code); hover(code); return row ? coverageTip(row) : null; },
    click: (row) => { const code = row.code ?? row.grid; if (code) selectGrid(code); },
  });
  between();
  add("views", styles.views, {});
  if ((now()?.layers.cameras.rows ?? 0) > MANY_CAMERAS) {
    add("cameras", styles.cameras, {
      hover: (row) => { view(row && !row.count ? row.id : null); return row ? cameraTip(row) : null; },
      click: (row, event) => {
        if (row.count) map.setView(event.latlng, Math.min(map.getZoom() + 2, map.getMaxZoom()));
        else pick({ ...row, ...event.latlng });
      },
    });
  }
  onFigures("coverage", legends);
  map.on("zoomend", legends);
  gl.onState(legends);
  // Which of both is drawn shows when the tiles are there.
  let drawn = null;
  gl.ready.then((drawing) => drawing?.on("idle", () => {
    const shows = gl.shows("coverage", "symbol");
    if (shows !== drawn) legends();
    drawn = shows;
  }));
}

