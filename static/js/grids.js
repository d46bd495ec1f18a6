// The grid supervisor: whose grid is this, do the boundaries hold, is every incident in the right grid?

import { showGrid, showIncident, showNothing } from "./details.js";
import { byId, make } from "./dom.js";
import { moment, number, t, word } from "./i18n.js";
import { fit, goToGrid, layer, map, mark, on, wanted } from "./map.js";
import { onTab } from "./panel.js";
import { now, typing } from "./shell.js";
import { CHOICE, queryOf, set, state } from "./state.js";
import { swatch } from "./symbols.js";
import { Table } from "./table.js";
import { offerTable, startTakeaway } from "./takeaway.js";
import { detail, lead, loader, selectGrid, selectedGrid, startWorkspace } from "./workspace.js";

const WORST = ["outside", "differs", "near_border"];

let finer = null;
let shownTab = "grids";
let why = null;
let check = null;
let zoomTo = false;
const trail = []; // codes and names of the grids gone down into, as far as they are known

const columns = [
  { key: "code", label: t("col.grid"), name: "name", text: (row) => row.code, cell: (row) => make("span", {}, row.code, row.name && row.name !== row.code ? make("span", { class: "sub" }, row.name) : null) },
  { key: "team", label: t("col.team"), text: (row) => row.team ?? "–" },
  { key: "incidents", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents) },
  { key: "cameras", label: t("col.cameras"), numeric: true, text: (row) => number(row.cameras) },
  { key: "area_km2", label: t("col.area"), unit: "km²", numeric: true, text: (row) => number(row.area_km2, 3) },
];

const grids = new Table(byId("table"), {
  columns,
  keyOf: (row) => row.code, label: t("layer.grids"), sort: { key: "code", down: false },
  on: {
    select: (row) => { selectGrid(row.code); goToGrid(row.code); },
    open: (row) => (row.children ? down(row) : (selectGrid(row.code), goToGrid(row.code, true))),
    hover: (code) => mark(code),
  },
});

const doubts = new Table(byId("check-table"), {
  columns: [
    { key: "reason", label: "", title: t("col.doubt"), name: "sign", text: (row) => row.why.map((one) => t(`why.${one}`)).join(", "), cell: (row) => make("span", { title: row.why.map((one) => t(`why.${one}`)).join(", ") }, swatch(`doubt-${row.reason}`)) },
    { key: "category", label: t("col.incident"), name: "name", text: (row) => word(row.category), cell: (row) => make("span", {}, word(row.category), make("span", { class: "sub" }, moment(row.occurred_at, now()?.timezone ?? "UTC"))) },
    { key: "recorded", label: t("col.recorded_located"), name: "name", text: (row) => `${row.recorded ?? "–"} → ${row.located ?? "–"}`, cell: (row) => make("span", {}, row.recorded ?? "–", make("span", { class: "sub" }, `→ ${row.located ?? t("why.outside")}`)) },
    { key: "distance_m", label: t("col.border"), unit: "m", numeric: true, text: (row) => number(row.distance_m, 1) },
  ],
  keyOf: (row) => `${row.id}`, label: t("layer.assignment"), empty: t("check.none"),
  on: {
    select: (row) => { set({ selected: `incident:${row.id}` }); map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18)); showDoubt(row); },
    open: (row) => { showDoubt(row); detail(); },
  },
});

const showDoubt = (row) => showIncident({ ...row, why: row.reason });

const load = loader("/api/grids", () => queryOf(["level", "parent", ...CHOICE], null), (found) => {
  finer = found.finer ?? null;
  const levels = now()?.levels ?? [];
  finer ??= levels[levels.indexOf(found.level) + 1] ?? null;
  const teamed = found.grids.some((row) => row.team);
  grids.setColumns(columns.filter((column) => teamed || column.key !== "team"));
  grids.setRows(found.grids);
  const unnamed = found.grids.filter((row) => !row.team).length;
  lead(found.grids.length === 0 ? [t("lead.grids.none")] : [{ strong: t("lead.grids.count", { count: number(found.grids.length), level: word(found.level) }) },
    unnamed ? ` ${t("lead.grids.teamless", { count: number(unnamed) })}` : "",
    found.grids.some((row) => row.children) ? ` ${t("lead.grids.down")}` : ""]);
  crumbs();
  follow();
});

const loadCheck = loader("/api/assignment", () => ({ ...queryOf(["level", "near_m", ...CHOICE], null), limit: 2000 }), (found) => {
  check = found;
  const kinds = [["differs", found.differs], ["outside", found.outside], ["near_border", found.near_border]];
  byId("check-counts").replaceChildren(...kinds.map(([kind, count]) => make("button", { type: "button", "aria-pressed": String(why === kind), onclick: () => {
    why = why === kind ? null : kind;
    showChecked();
  } }, make("b", {}, number(count)), make("span", {}, t(`why.${kind}`)))));
  showChecked();
});

function showChecked() {
  byId("check-counts").querySelectorAll("button").forEach((button, index) => button.setAttribute("aria-pressed", String(["differs", "outside", "near_border"][index] === why)));
  doubts.setRows(check.rows.filter((row) => why === null || row.why.includes(why)).map((row) => ({ ...row, reason: WORST.find((one) => row.why.includes(one)) })));
}

function crumbs() {
  const levels = now()?.levels ?? [];
  const level = state.level ?? levels.at(-1);
  const steps = [];
  const step = (label, run, current) => steps.push(make("button", { type: "button", class: "ghost", onclick: run, "aria-current": current ? "true" : null, data: { from: "data" } }, label));
  const sep = () => steps.push(make("span", { class: "sep", "aria-hidden": "true" }, "›"));
  if (levels.length > 1) {
    step(t("crumb.all"), () => { trail.length = 0; zoomTo = true; set({ level: levels[0], parent: null, selected: null }); }, false);
    if (state.parent) for (const one of trail.length ? trail : [{ code: state.parent, name: null }]) { sep(); step(one.name ?? one.code, () => one.level && goTo(one), false); }
    sep();
    step(t("crumb.level", { level: word(level), count: number(grids.rows.length) }), () => {}, true);
    if (level !== levels[0] || state.parent) steps.unshift(make("button", { type: "button", class: "ghost", title: t("crumb.up"), "aria-label": t("crumb.up"), onclick: up }, "↑"));
  }
  byId("crumbs").replaceChildren(...steps);
}

function goTo(one) {
  trail.splice(trail.indexOf(one) + 1);
  zoomTo = true;
  set({ level: one.below, parent: one.code, selected: null });
}

function down(row) {
  if (!finer) return;
  trail.push({ code: row.code, name: row.name, level: row.level, below: finer });
  zoomTo = true;
  set({ level: finer, parent: row.code, selected: null });
}

function up() {
  const levels = now()?.levels ?? [];
  const place = levels.indexOf(state.level ?? levels.at(-1));
  trail.pop();
  zoomTo = true;
  const above = trail.at(-1);
  if (place > 0) set({ level: levels[place - 1], parent: above ? above.code : null, selected: null });
}

function follow() {
  const code = selectedGrid();
  grids.select(code);
  const row = code ? grids.rows.find((one) => one.code === code) : null;
  if (row) {
    showGrid(row, [], row.children && finer ? [{ label: t("detail.down", { count: number(row.children), level: word(finer) }), run: () => down(row) }] : []);
  } else if (!state.selected) showNothing();
  doubts.select(state.selected?.startsWith("incident:") ? state.selected.slice(9) : null);
}

on("loaded", (name) => {
  if (name !== "grids" || !zoomTo || layer("grids").loading || !layer("grids").answer) return;
  zoomTo = false;
  const box = layer("grids").group.getLayers().reduce((sum, one) => (sum ? sum.extend(one.getBounds()) : one.getBounds()), null);
  if (box?.isValid()) fit([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], { padding: [40, 60] });
});

onTab((name) => {
  if (name === "detail") return;
  shownTab = name;
  if (name === "check") {
    if (!wanted().includes("assignment")) set({ layers: [...wanted(), "assignment"] });
    if (!check) loadCheck();
  }
});
offerTable("grids", () => ({ name: "grids", title: t("layer.grids"), sort: grids.sort }));
offerTable("check", () => ({ name: "assignment", title: t("layer.assignment"), sort: null }));
startTakeaway();
document.addEventListener("keydown", (event) => {
  if (!typing(event) && event.key === "Backspace") { event.preventDefault(); up(); }
});

startWorkspace({
  begin: async () => { check = null; await Promise.all([load(), shownTab === "check" ? loadCheck() : null]); },
  changed(changed) {
    if (changed.has("selected")) follow();
    if (["level", "parent", ...CHOICE].some((name) => changed.has(name))) load();
    if (["level", "near_m", ...CHOICE].some((name) => changed.has(name))) { check = null; if (shownTab === "check") loadCheck(); }
  },
  picked(kind, row) {
    if (kind !== "open") return;
    const full = grids.rows.find((one) => one.code === row.code);
    if (full?.children) down(full);
  },
  hover: (code) => grids.hover(code),
});
