// The grid supervisor: whose grid is this, do the boundaries hold, is every incident in the right grid?

import { renewBalance, startBalance } from "./balance.js";
import { showGrid, showNothing } from "./details.js";
import { renewDivide, startDivide } from "./divide.js";
import { byId, make } from "./dom.js";
import { renewDrafts, startDrafts } from "./drafts.js";
import { openFindings, renewFindings, startFindings } from "./findings.js";
import { number, t, word } from "./i18n.js";
import { fit, goToGrid, layer, mark, on } from "./map.js";
import { onTab } from "./panel.js";
import { followQueue, openQueue, renewQueue, startQueue } from "./queue.js";
import { renewResponsible, startResponsible } from "./responsible.js";
import { renewSections } from "./sections.js";
import { now, typing } from "./shell.js";
import { CHOICE, queryOf, set, state } from "./state.js";
import { Table } from "./table.js";
import { offerTable, startTakeaway } from "./takeaway.js";
import { lead, loader, selectGrid, selectedGrid, startWorkspace } from "./workspace.js";

let finer = null;
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
  followQueue();
}

on("loaded", (name) => {
  if (name !== "grids" || !zoomTo || layer("grids").loading || !layer("grids").answer) return;
  zoomTo = false;
  const box = layer("grids").group.getLayers().reduce((sum, one) => (sum ? sum.extend(one.getBounds()) : one.getBounds()), null);
  if (box?.isValid()) fit([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], { padding: [40, 60] });
});

onTab((name) => {
  if (name === "detail") return;
  if (name === "findings") openFindings();
  if (name === "check") openQueue();
});
offerTable("grids", () => ({ name: "grids", title: t("layer.grids"), sort: grids.sort }));
startFindings();
startQueue();
startResponsible();
startBalance();
startDivide();
startDrafts();
startTakeaway();
document.addEventListener("keydown", (event) => {
  if (!typing(event) && event.key === "Backspace") { event.preventDefault(); up(); }
});

startWorkspace({
  begin: async () => { await Promise.all([load(), renewQueue(), renewFindings(), renewDrafts(), renewResponsible(), renewBalance(), renewDivide(), renewSections()]); },
  changed(changed) {
    if (changed.has("selected")) follow();
    if (["level", "parent", ...CHOICE].some((name) => changed.has(name))) load();
  },
  picked(kind, row) {
    if (kind !== "open") return;
    const full = grids.rows.find((one) => one.code === row.code);
    if (full?.children) down(full);
  },
  hover: (code) => grids.hover(code),
});
