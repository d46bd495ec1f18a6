// The planner: what can our cameras not see?

import { coverageRows, showCamera, showGrid, showNothing } from "./details.js";
import { byId, make } from "./dom.js";
import { number, percent, t, word } from "./i18n.js";
import { goToGrid, layer, map, mark, on, tooLarge } from "./map.js";
import { onTab } from "./panel.js";
import { queryOf, set, state } from "./state.js";
import { Table } from "./table.js";
import { detail, lead, loader, selectGrid, selectedGrid, startWorkspace } from "./workspace.js";

const hundredths = (share) => (share === null ? null : 100 * share);
const share = (value, row) => (row.open_m2 > 0 ? value / row.open_m2 : null);
let names = new Map();
let listed = null;
let shownTab = "coverage";

function bar(row) {
  if (!(row.open_m2 > 0)) return "–";
  const part = (name, value) => {
    const piece = make("i", { class: `share-${name}` });
    piece.style.width = `${100 * share(value, row)}%`;
    return piece;
  };
  const label = `${t("word.certain")} ${percent(share(row.certain_m2, row))}, ${t("word.possible")} ${percent(share(row.possible_m2, row))}, ${t("word.blind")} ${percent(share(row.blind_m2, row))}`;
  return make("span", { class: "bar", role: "img", "aria-label": label, title: label }, part("certain", row.certain_m2), part("possible", row.possible_m2), part("blind", row.blind_m2));
}

const grids = new Table(byId("table"), {
  columns: [
    { key: "code", label: t("col.grid"), name: "name", text: (row) => row.code, cell: (row) => make("span", {}, row.code, bar(row)) },
    { key: "blind_share", value: (row) => hundredths(row.blind_share), label: t("word.blind"), unit: "%", numeric: true, text: (row) => (row.blind_share === null ? "–" : number(100 * row.blind_share)) },
    { key: "possible_share", value: (row) => hundredths(row.possible_share), label: t("word.possible"), unit: "%", numeric: true, text: (row) => (row.possible_share === null ? "–" : number(100 * row.possible_share)) },
    { key: "certain_share", value: (row) => hundredths(row.certain_share), label: t("word.certain"), unit: "%", numeric: true, text: (row) => (row.certain_share === null ? "–" : number(100 * row.certain_share)) },
    { key: "blind_m2", label: t("word.blind"), unit: "m²", numeric: true, text: (row) => number(row.blind_m2) },
  ],
  keyOf: (row) => row.code, label: t("table.coverage"), sort: { key: "blind_m2", down: true },
  on: {
    select: (row) => { selectGrid(row.code); goToGrid(row.code); },
    open: (row) => { selectGrid(row.code); goToGrid(row.code, true); },
    hover: (code) => mark(code),
  },
});

const STATE = (row) => t(`state.${row.online === null ? "unknown" : row.online ? "online" : "offline"}`);
const cameras = new Table(byId("camera-table"), {
  columns: [
    { key: "id", label: "ID", name: "name", text: (row) => row.name ?? row.id ?? "–" },
    { key: "kind", label: t("col.kind"), text: (row) => (row.kind ? word(row.kind) : "–") },
    { key: "online", label: t("col.state"), text: STATE },
    { key: "azimuth_deg", label: t("col.azimuth"), unit: "°", numeric: true, text: (row) => number(row.azimuth_deg) },
    { key: "range_m", label: t("col.range"), unit: "m", numeric: true, text: (row) => number(row.range_m) },
  ],
  keyOf: (row) => row.id, label: t("layer.cameras"), sort: { key: "id", down: false },
  on: {
    select: (row) => { set({ selected: `camera:${row.id}` }); map.panTo([row.lat, row.lon]); showCamera(row); },
    open: (row) => { set({ selected: `camera:${row.id}` }); map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18)); showCamera(row); detail(); },
  },
});

function assume(meta) {
  const lines = [];
  if (meta.range_unknown) lines.push(t("assume.range", { count: number(meta.range_unknown), cameras: number(meta.cameras), range: number(meta.assumed_range_m) }));
  if (meta.direction_unknown) lines.push(t("assume.direction", { count: number(meta.direction_unknown) }));
  if (meta.turning) lines.push(t("assume.turning", { count: number(meta.turning) }));
  if (meta.fov_unknown) lines.push(t("assume.fov", { count: number(meta.fov_unknown) }));
  if (meta.state_unknown) lines.push(t(state.online_only ? "assume.state.possible" : "assume.state", { count: number(meta.state_unknown) }));
  if (meta.offline) lines.push(t(state.online_only ? "assume.offline.left" : "assume.offline", { count: number(meta.offline) }));
  if (!meta.buildings) lines.push(t("assume.buildings"));
  if (listed && listed.total > listed.cameras.length) lines.push(t("assume.listed", { shown: number(listed.cameras.length), count: number(listed.total) }));
  byId("assumptions").replaceChildren(...lines.map((line) => make("li", {}, line)));
}

on("loaded", (name) => {
  if (name === "coverage" && layer("coverage").answer) assume(layer("coverage").answer.meta);
  if (name === "views" && state.selected?.startsWith("camera:")) follow(); // the details say where a view was moved
});

const loadCoverage = loader("/api/coverage", () => queryOf(["level", "assumed_range_m", "online_only"], null), (found) => {
  const rows = found.grids.map((row) => ({ ...row, name: names.get(row.code), blind_share: share(row.blind_m2, row), possible_share: share(row.possible_m2, row), certain_share: share(row.certain_m2, row) }));
  grids.setRows(rows);
  const sum = (key) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);
  const open = sum("open_m2");
  if (open > 0) {
    lead([{ strong: t("lead.planner.blind", { share: number((100 * sum("blind_m2")) / open) }) }, ` ${t("lead.planner.rest", {
      possible: number((100 * sum("possible_m2")) / open), certain: number((100 * sum("certain_m2")) / open), grids: number(rows.filter((row) => row.blind_share > 0.5).length) })}`]);
  } else lead([found.not_computed ? tooLarge(found.not_computed) : t("lead.planner.none")]);
  follow();
});

const loadNames = loader("/api/grids", () => queryOf(["level"], null), (found) => { names = new Map(found.grids.map((row) => [row.code, row.name])); });
const loadCameras = loader("/api/cameras", () => ({}), (found) => {
  listed = found;
  cameras.setRows(found.cameras);
  if (layer("coverage").answer) assume(layer("coverage").answer.meta);
  follow();
});

function follow() {
  const code = selectedGrid();
  grids.select(code);
  const camera = state.selected?.startsWith("camera:") ? state.selected.slice(7) : null;
  cameras.select(camera);
  const row = code ? grids.rows.find((one) => one.code === code) : null;
  const found = camera ? cameras.rows.find((one) => one.id === camera) : null;
  if (row) showGrid({ code: row.code, name: row.name }, coverageRows(row));
  else if (found) showCamera(found);
  else if (!state.selected) showNothing();
}

onTab((name) => { if (name !== "detail") shownTab = name; });
byId("export-table").addEventListener("click", () => (shownTab === "cameras" ? cameras.export("cameras") : grids.export("coverage")));

startWorkspace({
  begin: async () => { await loadNames(); await Promise.all([loadCoverage(), loadCameras()]); },
  changed(changed) {
    if (changed.has("selected")) follow();
    if (changed.has("level")) loadNames().then(loadCoverage);
    else if (changed.has("assumed_range_m") || changed.has("online_only")) loadCoverage();
  },
  hover: (code) => grids.hover(code),
});
