// The tables of the planner: coverage by grid, cameras, the costliest to lose, the inventory.

import { bar, share, three } from "./planner_answer.js";
import { figures, loadFragility, loadInventory, MEASURES, onFigures, shares } from "./planner_data.js";
import { coverageRows, showCamera, showGrid, showNothing } from "./details.js";
import { byId, make } from "./dom.js";
import { COLON, number, percent, t, word } from "./i18n.js";
import { fit, goToGrid, gridFeature, map } from "./map.js";
import { markGrid } from "./planner_gl.js";
import { set, state } from "./state.js";
import { Table } from "./table.js";
import { detail, selectGrid, selectedGrid } from "./workspace.js";

const hundredths = (part) => (part === null || part === undefined ? null : 100 * part);
const part = (name, key) => ({ key, value: (row) => hundredths(row[key]), label: t(`word.${name}`), unit: "%", numeric: true, text: (row) => (row[key] === null ? "–" : share(row[key])) });
const AMOUNT = { open: ["col.blind", "m²"], streets: ["col.unseen.streets", "m"], incidents: ["col.unseen.streets", ""], places: ["col.unseen.streets", ""] };
const label = (row) => (row.parts ? `${t("word.certain")} ${share(row.parts.certain)} %, ${t("word.possible")} ${share(row.parts.possible)} %, ${t("word.blind")} ${share(row.parts.blind)} %` : "–");
const gridColumn = { key: "code", label: t("col.grid"), name: "name", by: (row) => row.name ?? row.code, text: (row) => row.code, cell: (row) => make("span", { title: row.code }, row.name ?? row.code, row.parts ? bar(row.parts, label(row)) : null) };

function gridColumns(measure) {
  if (measure === "multiple") {
    return [gridColumn, ...[1, 2, 3].map((count) => ({ key: `by_${count}`, value: (row) => hundredths(row[`by_${count}`]), label: t(`col.seen_by_${count}`), unit: "%", numeric: true, text: (row) => (row[`by_${count}`] === null ? "–" : share(row[`by_${count}`])) }))];
  }
  if (measure === "loss") {
    return [gridColumn, { key: "loss_m2", label: t("col.loss"), unit: "m²", numeric: true, text: (row) => number(row.loss_m2) },
      { key: "loss_share", value: (row) => hundredths(row.loss_share), label: t("col.loss.share"), unit: "%", numeric: true, text: (row) => (row.loss_share === null ? "–" : share(row.loss_share)) },
      { key: "loss_camera", label: t("col.loss.camera"), name: "name", text: (row) => row.loss_camera ?? "–" }];
  }
  const [key, unit] = AMOUNT[measure];
  return [gridColumn, part("blind", "blind_share"), part("possible", "possible_share"), part("certain", "certain_share"),
    { key: "unseen", label: t(key), unit, numeric: true, text: (row) => number(row.unseen) }];
}

const EXPORTED = ["code", "name", "parent", "area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2", "seen_by_2_m2", "seen_by_3_m2", "streets_m", "streets_seen_m", "streets_certain_m",
  "incidents", "incidents_seen", "incidents_certain", "places", "places_seen", "places_certain", "loss_m2", "loss_camera"];
const raw = (key) => ({ key, label: key, numeric: !["code", "name", "parent", "loss_camera"].includes(key), text: (row) => row[key] });

/** Bring a grid into view: by its drawn border, else by its bounds. */
function show(row, zoom = false) {
  if (gridFeature(row.code) || !row.bounds) {
    goToGrid(row.code, zoom);
    return;
  }
  const [west, south, east, north] = row.bounds;
  if (zoom || !map.getBounds().contains([(south + north) / 2, (west + east) / 2])) fit(row.bounds, { maxZoom: zoom ? 17.5 : map.getZoom(), animate: true });
}

export const grids = new Table(byId("table"), {
  columns: gridColumns("open"), keyOf: (row) => row.code, label: t("table.coverage"), sort: { key: "unseen", down: true },
  on: {
    select: (row) => { selectGrid(row.code); show(row); },
    open: (row) => { selectGrid(row.code); show(row, true); },
    hover: (code) => markGrid(code),
  },
});
grids.exported = EXPORTED.map(raw);

const STATE = (row) => t(`state.${row.online === null || row.online === undefined ? "unknown" : row.online ? "online" : "offline"}`);
const look = (row) => { set({ selected: `camera:${row.id}` }); if (row.lat !== undefined) map.panTo([row.lat, row.lon]); };
const goTo = (row) => { look(row); if (row.lat !== undefined) map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18)); };
export const cameras = new Table(byId("camera-table"), {
  columns: [
    { key: "id", label: t("word.camera"), name: "name", text: (row) => row.name ?? row.id ?? "–" },
    { key: "kind", label: t("col.kind"), text: (row) => (row.kind ? word(row.kind) : "–") },
    { key: "online", label: t("col.state"), text: STATE },
    { key: "azimuth_deg", label: t("col.azimuth"), unit: "°", numeric: true, text: (row) => number(row.azimuth_deg) },
    { key: "range_m", label: t("col.range"), unit: "m", numeric: true, text: (row) => number(row.range_m) },
  ],
  keyOf: (row) => row.id, label: t("layer.cameras"), sort: { key: "id", down: false },
  on: { select: (row) => { look(row); showCamera(row); }, open: (row) => { goTo(row); showCamera(row); detail(); } },
});

export const fragility = new Table(byId("fragility-table"), {
  columns: [
    { key: "id", label: t("word.camera"), name: "name", text: (row) => row.name ?? row.id },
    { key: "loss_m2", label: t("col.loss"), unit: "m²", numeric: true, text: (row) => number(row.loss_m2) },
    { key: "grid_count", label: t("col.grids"), numeric: true, text: (row) => number(row.grid_count) },
    { key: "online", label: t("col.state"), text: STATE },
  ],
  keyOf: (row) => row.id, label: t("fragility.label"), sort: { key: "loss_m2", down: true },
  on: { select: (row) => look(cameraOf(row)), open: (row) => goTo(cameraOf(row)) },
});

const cameraOf = (row) => ({ ...figures.cameras?.cameras.find((one) => one.id === row.id), ...row });

/** The facts that coverage needs, by the names of the file's columns. */
const FACTS = ["azimuth_deg", "hfov_deg", "range_m", "height_m", "tilt_deg", "vfov_deg", "pixels_h"];
const missing = (row) => FACTS.map((name) => [name, row.missing?.[name] ?? 0]).filter(([, count]) => count);
const verdict = (met) => (met === null || met === undefined ? null : make("span", { class: met ? "met" : "unmet", title: t(met ? "inventory.met" : "inventory.unmet"), role: "img", "aria-label": t(met ? "inventory.met" : "inventory.unmet") }, met ? " ✓" : " ✗"));
const target = (name, key) => ({ key, label: t(`col.${name}`), unit: "%", numeric: true, value: (row) => hundredths(row[key]), text: (row) => (row[key] === null ? "–" : share(row[key])),
  cell: (row) => make("span", {}, row[key] === null ? "–" : share(row[key]), verdict(row.meets?.[name])) });

export const inventory = new Table(byId("inventory-table"), {
  columns: [
    { key: "what", label: t("col.grid"), name: "name", by: (row) => row.shown, text: (row) => row.what ?? t("inventory.no_owner"), cell: (row) => make("span", { title: row.what ?? "" }, row.shown ?? t("inventory.no_owner")) },
    { key: "cameras", label: t("col.cameras"), numeric: true, text: (row) => number(row.cameras) },
    target("online", "online_share"), target("networked", "networked_share"), target("intact", "intact_share"),
    { key: "missing_share", label: t("col.missing"), unit: "%", numeric: true, value: (row) => hundredths(row.missing_share), text: (row) => (row.missing_share === null ? "–" : share(row.missing_share)),
      cell: (row) => make("span", { title: missing(row).map(([name, count]) => `${t(`field.${name}`)}${COLON}${number(count)}`).join("\n") }, row.missing_share === null ? "–" : share(row.missing_share)) },
  ],
  keyOf: (row) => row.key, label: t("inventory.label"), sort: { key: "cameras", down: true },
  on: { select: (row) => { if (row.code) { selectGrid(row.code); show({ bounds: grids.rows.find((one) => one.code === row.code)?.bounds, ...row }); } } },
});

function setMeasure() {
  const measure = state.measure in AMOUNT || ["multiple", "loss"].includes(state.measure) ? state.measure : "open";
  byId("measure").value = measure;
  grids.setColumns(gridColumns(measure));
  const key = { multiple: "by_1", loss: "loss_m2" }[measure] ?? "unseen";
  grids.sort = { key, down: measure !== "multiple" };
  grids.drawHead();
  fillGrids(measure);
}

function fillGrids(measure = byId("measure").value) {
  const found = figures.coverage;
  if (!found) return;
  grids.setRows(found.grids.map((row) => {
    const { whole, shares: parts } = (MEASURES[measure] ?? MEASURES.open)(row);
    const open = row.open_m2 > 0 ? row.open_m2 : null;
    return { ...row, parts, blind_share: parts?.blind ?? null, possible_share: parts?.possible ?? null, certain_share: parts?.certain ?? null, unseen: parts ? whole * parts.blind : null,
      by_1: open && (row.certain_m2 + row.possible_m2) / open, by_2: open && row.seen_by_2_m2 / open, by_3: open && row.seen_by_3_m2 / open, loss_share: open && row.loss_m2 / open };
  }));
  follow();
}

function fillFragility(found) {
  fragility.setRows(found.cameras.map((row) => ({ ...row, grid_count: Array.isArray(row.grids) ? row.grids.length : row.grids })));
  if (state.list === "fragility") sums();
}

function fillInventory(found) {
  const owners = state.group === "owners";
  const rows = owners ? found.owners : found.grids;
  inventory.columns[0].label = owners ? t("col.owner") : t("col.grid");
  inventory.drawHead();
  inventory.setRows(rows.map((row, index) => ({ ...row, key: String(row.code ?? row.owner ?? index), what: owners ? row.owner : row.code, shown: owners ? row.owner : row.name ?? row.code, online_share: row.share?.online ?? null, networked_share: row.share?.networked ?? null,
    intact_share: row.share?.intact ?? null, missing_share: row.cameras ? missing(row).reduce((sum, [, count]) => sum + count, 0) / (FACTS.length * row.cameras) : null })));
  if (state.list === "inventory") sums();
}

/** The few lines above the table of the cameras' pane. */
function sums() {
  const box = byId("list-sums");
  box.hidden = state.list === "cameras";
  const head = (...cells) => make("tr", {}, ...cells.map((text, index) => make("th", { class: index ? "number" : "", scope: "col" }, text)));
  if (state.list === "fragility" && figures.fragility) {
    const { nominal, online } = figures.fragility;
    const line = (key, row) => {
      const parts = row && shares(row.open_m2, row.certain_m2 + row.possible_m2, row.certain_m2);
      const told = parts ? three(parts) : { certain: "–", possible: "–", blind: "–" };
      return make("tr", {}, make("td", {}, t(key)), ...["certain", "possible", "blind"].map((name) => make("td", { class: "number" }, told[name])));
    };
    box.replaceChildren(make("table", { class: "plain" }, make("thead", {}, head("%", t("word.certain"), t("word.possible"), t("word.blind"))), make("tbody", {}, line("fragility.nominal", nominal), line("fragility.online", online))),
      make("p", {}, t("fragility.note")));
  } else if (state.list === "inventory" && figures.inventory) {
    const { totals, targets } = figures.inventory;
    const unknown = (name) => (totals[name]?.unknown ? t("inventory.unknown", { count: number(totals[name].unknown) }) : "");
    const line = (name, value, met, note) => make("tr", {}, make("td", {}, t(`col.${name}`)), make("td", { class: "number" }, value === null ? "–" : percent(value), verdict(met)), make("td", {}, note));
    box.replaceChildren(make("p", {}, t("inventory.targets", { online: number(100 * targets.online), networked: number(100 * targets.networked), intact: number(100 * targets.intact) })),
      make("table", { class: "plain" }, make("thead", {}, head(t("inventory.all"), number(totals.cameras), "")), make("tbody", {},
        ...["online", "networked", "intact"].map((name) => line(name, totals.share?.[name] ?? null, totals.meets?.[name], unknown(name))),
        line("smart", totals.smart.yes + totals.smart.no ? totals.smart.yes / (totals.smart.yes + totals.smart.no) : null, null, unknown("smart")))));
  } else box.replaceChildren();
}

/** Show one of the three lists of the cameras' pane. */
export function showList() {
  const list = ["fragility", "inventory"].includes(state.list) ? state.list : "cameras";
  byId("list").value = list;
  byId("group").value = state.group === "owners" ? "owners" : "grids";
  byId("group-box").hidden = list !== "inventory";
  document.querySelector('[data-save="views"]').hidden = list === "inventory";
  byId("camera-table").hidden = list !== "cameras";
  byId("fragility-table").hidden = list !== "fragility";
  byId("inventory-table").hidden = list !== "inventory";
  sums();
  if (list === "fragility") loadFragility();
  if (list === "inventory") loadInventory();
}

/** Mark what is selected in the tables and tell its details. */
export function follow() {
  const code = selectedGrid();
  grids.select(code);
  inventory.select(code);
  const camera = state.selected?.startsWith("camera:") ? state.selected.slice(7) : null;
  cameras.select(camera);
  fragility.select(camera);
  const row = code ? grids.rows.find((one) => one.code === code) : null;
  const found = camera ? cameras.rows.find((one) => one.id === camera) : null;
  if (row) showGrid({ code: row.code, name: row.name, parent: row.parent }, [...coverageRows(row), ...moreOf(row)]);
  else if (found) showCamera(found);
  else if (!state.selected) showNothing();
}

function moreOf(row) {
  const told = (name, unit) => {
    const { whole, shares: parts } = MEASURES[name](row);
    return parts ? [t(`score.${name}`), `${number(whole)}${unit}  (${t("score.blind", { share: share(parts.blind) })})`] : null;
  };
  return [told("streets", " m"), told("incidents", ""), told("places", ""),
    row.seen_by_2_m2 === undefined || row.seen_by_2_m2 === null ? null : [t("col.seen_by_2"), `${number(row.seen_by_2_m2)} m²`],
    row.loss_camera ? [t("col.loss"), `${number(row.loss_m2)} m² (${row.loss_camera})`] : null];
}

export function startTables() {
  onFigures("coverage", () => fillGrids());
  onFigures("cameras", (found) => { cameras.setRows(found.cameras); follow(); });
  onFigures("fragility", fillFragility);
  onFigures("inventory", fillInventory);
  byId("measure").addEventListener("change", (event) => set({ measure: event.target.value }));
  byId("list").addEventListener("change", (event) => set({ list: event.target.value }));
  byId("group").addEventListener("change", (event) => set({ group: event.target.value }));
  byId("export-table").addEventListener("click", () => grids.export("coverage"));
  document.querySelector('[data-export="cameras-csv"]').addEventListener("click", () => ({ cameras, fragility, inventory }[byId("list").value].export(byId("list").value)));
  setMeasure();
}

/** Follow the choices of the address. */
export function changedTables(changed) {
  if (changed.has("measure")) setMeasure();
  if (changed.has("list")) showList();
  if (changed.has("group")) { showList(); if (figures.inventory) fillInventory(figures.inventory); }
  if (changed.has("selected")) follow();
}
