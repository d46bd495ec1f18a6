// The tab of the hot spots: what is asked, the ranked places, and in words what their figures mean.

import { showSpot } from "./details.js";
import { byId, make } from "./dom.js";
import { day, lang, number, t } from "./i18n.js";
import { goToGrid, gridFeature, isOn, map, mark, wanted } from "./map.js";
import { drawLayers, onTab } from "./panel.js";
import { now } from "./shell.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { expectedText, kindText, oddsOf, oddsText } from "./spot_words.js";
import { swatch } from "./symbols.js";
import { Table } from "./table.js";
import { loader } from "./workspace.js";

const ASKED = ["unit", "size_m", "step", "steps", "q"];
const DEPENDS = ["level", ...CHOICE, "metric", ...ASKED];
const LAYER = "hotspots";
let answer = null;
let stale = true;
let opening = true;
let before = null; // the layers that were on before the tab switched to its own

const open = () => state.tab === "spots";
const key = (row) => `${answer?.unit === "grid" ? "grid" : "cell"}:${row.code}`;
const title = (row) => row.name ?? row.grid_name ?? row.grid ?? row.code;

/** Own figure, and below it that of the place with its neighbours. */
const two = (own, around) => make("span", {}, own, make("span", { class: "sub" }, around));

const table = new Table(byId("hotspot-table"), {
  columns: [
    { key: "kind", label: "", title: t("col.pattern"), name: "sign", by: (row) => row.kind, text: (row) => row.kind, cell: (row) => swatch(`spot-${row.kind}`) },
    { key: "code", label: t("col.place"), name: "name", by: title, text: (row) => row.code, cell: (row) => make("span", { title: row.code }, title(row), make("span", { class: "sub" }, kindText(row.kind))) },
    { key: "count", label: t("col.incidents"), unit: t("hotspot.around.unit"), numeric: true, text: (row) => number(row.count), cell: (row) => two(number(row.count), number(row.near)) },
    { key: "expected", label: t("col.expected"), unit: t("hotspot.around.unit"), numeric: true, text: (row) => expectedText(row.expected), cell: (row) => two(expectedText(row.expected), expectedText(row.near_expected)) },
    { key: "p", label: t("col.chance"), unit: t("hotspot.odds.unit"), numeric: true, by: (row) => (row.z === null ? null : row.z < 0 ? 2 - row.p : row.p), text: (row) => oddsOf(row.p) },
  ],
  keyOf: (row) => row.code, label: t("hotspot.table"), empty: t("table.empty"), sort: null,
  on: {
    select: (row) => { set({ selected: key(row) }); go(row); },
    open: (row) => { set({ selected: key(row) }); go(row, true); },
    hover: (code) => mark(code),
  },
});

/** Bring a place into view, or zoom to it; it may lie outside of what the map has drawn. */
function go(row, near = false) {
  if (gridFeature(row.code)) goToGrid(row.code, near);
  else if (near) map.setView([row.lat, row.lon], Math.max(map.getZoom(), 16));
  else if (!map.getBounds().contains([row.lat, row.lon])) map.panTo([row.lat, row.lon]);
}

const load = loader("/api/hotspots", () => queryOf(DEPENDS, null), (found) => {
  answer = found;
  table.setRows(found.places);
  tell();
  controls();
  followSpot();
});

function ask() {
  stale = true;
  if (!open() && !state.selected?.startsWith("cell:") && !isOn(LAYER)) return;
  stale = false;
  load();
}

/** Say what was looked at, what was found and how much of it may be false. */
function tell() {
  const box = byId("hotspot-lead");
  const { reason } = answer;
  byId("hotspot-none").hidden = !reason;
  byId("hotspot-table").hidden = Boolean(reason);
  byId("hotspot-expected").textContent = answer.expected;
  if (reason) {
    box.textContent = "";
    byId("hotspot-none").replaceChildren(make("p", {}, make("strong", {}, reason.message)), make("p", {}, reason.remedy));
    byId("hotspot-notes").replaceChildren();
    return;
  }
  const zone = now()?.timezone ?? "UTC";
  const [from, to] = [answer.edges[0], answer.edges.at(-1)];
  const last = new Date(new Date(to).getTime() - 1).toISOString();
  const gap = lang === "zh" ? "" : " ";
  box.replaceChildren(
    make("strong", { data: { from: "data" } }, t("hotspot.found", { hot: number(answer.hot), cold: number(answer.cold) })), gap,
    t("hotspot.among", { tested: number(answer.tested), from: day(from, zone), to: day(last, zone), steps: number(answer.steps), step: t(`hotspot.steps.${answer.step}`, { count: number(answer.steps) }), total: number(answer.total) }));
  const notes = [
    answer.significant ? t("hotspot.false", { found: number(answer.significant), share: number(100 * answer.level_of_false_discovery, answer.level_of_false_discovery < 0.01 ? 1 : 0), false: number(answer.expected_false, 1) }) : t("hotspot.nothing"),
    answer.patterns ? null : t("hotspot.few_steps", { steps: number(answer.steps) }),
    answer.steps < answer.steps_asked ? t("hotspot.short", { asked: number(answer.steps_asked), steps: number(answer.steps) }) : null,
    answer.outside ? t("hotspot.outside", { outside: number(answer.outside) }) : null,
    state.metric === "per_10k" && answer.by !== "per_10k" ? t("hotspot.by_area") : null,
    answer.listed > answer.places.length ? t("hotspot.listed", { shown: number(answer.places.length), count: number(answer.listed) }) : null,
  ];
  byId("hotspot-notes").replaceChildren(...notes.filter(Boolean).map((text) => make("li", {}, text)));
}

function controls() {
  for (const name of ["unit", "step"]) byId(`hotspot-${name}`).value = state[name];
  byId("hotspot-steps").value = state.steps;
  byId("hotspot-q").value = String(state.q);
  const size = byId("hotspot-size");
  size.value = state.size_m || "";
  size.disabled = state.unit === "grid";
  size.placeholder = answer?.size_m ? t("hotspot.size.auto", { size: number(answer.size_m) }) : t("hotspot.size.own");
}

/** Show what is selected: marked in the table, explained above it and in the details. */
export function followSpot() {
  const [kind, code] = [state.selected?.slice(0, 4), state.selected?.slice(5)];
  const mine = ["cell", "grid"].includes(kind) && (kind === "grid") === (answer?.unit === "grid");
  const row = mine ? answer?.places.find((one) => one.code === code) : null;
  table.select(row?.code ?? null);
  byId("hotspot-why").hidden = !row;
  if (!row) return;
  byId("hotspot-why").replaceChildren(make("p", { data: { from: "data" } }, make("b", {}, title(row)), ` ${kindText(row.kind)}`), make("p", { data: { from: "data" } }, row.explanation));
  if (kind === "cell") showSpot(row, answer, { kind: kindText(row.kind), expected: expectedText(row.expected), near: expectedText(row.near_expected), odds: oddsText(row.p) });
}

/** While the tab is open the map shows its layer in place of the density; afterwards what it showed before. */
function switchLayers(tab) {
  const first = opening;
  opening = false;
  if (first && state.layers) return; // a link says which layers it wants
  if (tab === "spots" && !isOn(LAYER)) {
    before = wanted();
    set({ layers: [...before.filter((name) => !["density", "change"].includes(name)), LAYER] });
    drawLayers();
  } else if (tab === "hot" && before && isOn(LAYER) && !isOn("density")) {
    set({ layers: before });
    before = null;
    drawLayers();
  }
}

function listen() {
  for (const name of ["unit", "step"]) byId(`hotspot-${name}`).addEventListener("change", (event) => set({ [name]: event.target.value, ...(state.selected?.startsWith("cell:") ? { selected: null } : {}) }));
  byId("hotspot-q").addEventListener("change", (event) => set({ q: Number(event.target.value) }));
  for (const [id, name] of [["hotspot-size", "size_m"], ["hotspot-steps", "steps"]]) {
    byId(id).addEventListener("change", ({ target }) => {
      if (!target.checkValidity()) target.reportValidity();
      else if (name === "size_m") set({ size_m: Number(target.value) });
      else if (target.value !== "") set({ steps: Number(target.value) });
    });
  }
}

/** Return what the hot spots say of a grid: null unless grids are the places looked at and it is among them. */
export function spotOf(code) {
  const row = answer?.unit === "grid" ? answer.places.find((one) => one.code === code) : null;
  return row ? { kind: kindText(row.kind), text: row.explanation } : null;
}

/** Follow the controls and the state; `beginSpots` loads. */
export function startSpots() {
  listen();
  onTab((tab) => { switchLayers(tab); if (tab === "spots" && stale) ask(); });
  onChange((changed) => {
    if (DEPENDS.some((name) => changed.has(name))) { controls(); ask(); }
    else if (stale && changed.has("layers") && isOn(LAYER)) ask();
    if (changed.has("selected")) followSpot();
  });
}

/** Load the places, at first and whenever the data changed. */
export function beginSpots() {
  controls();
  ask();
}

export const hoverSpot = (code) => table.hover(code);
