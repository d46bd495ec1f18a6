// What the three map pages share: start, links between map and table, empty states, faults.

import { latest, Refused, settled } from "./api.js";
import { showCamera, showIncident, showSite } from "./details.js";
import { byId, make, narrow, toast } from "./dom.js";
import { fillFilters, startFilters } from "./filters.js";
import { firstStatus, lang, page, t } from "./i18n.js";
import { fit, map, mark, on, reload, sayMissing, start } from "./map.js";
import { drawLayers, sheet, showTab, startPanels } from "./panel.js";
import { attribution, onData, startShell, typing } from "./shell.js";
import { CHOICE, onChange, read, set, state } from "./state.js";
import { startUnsaved } from "./unsaved.js";

const NEEDS = { command: ["incidents", "grids"], planner: ["cameras", "grids", "buildings"], grids: ["grids"] }[page];

function command(layer) {
  const name = { grids: "grids.geojson", incidents: "incidents.csv", cameras: "cameras.csv", buildings: "buildings.gpkg" }[layer];
  return `flask import ${layer} ${name}`;
}

/** Cover the map with what to import when the page cannot answer its question; say what is missing when it half can. */
export function showEmpty(status) {
  const missing = NEEDS.filter((name) => !(status?.layers?.[name]?.rows > 0));
  const box = byId("empty");
  const vital = missing.includes(NEEDS[0]) || (page !== "planner" && missing.includes("grids") && missing.length === NEEDS.length);
  box.hidden = !vital;
  box.dataset.empty = "";
  if (vital) {
    box.replaceChildren(make("div", {},
      make("h2", {}, t(`empty.${page}`)), make("p", {}, t(`empty.${page}.how`)),
      make("p", {}, make("a", { class: "button primary", href: "/import" }, t("empty.import"))),
      make("p", { class: "muted" }, t("empty.commandline")), ...missing.map((name) => make("code", {}, command(name))), make("code", {}, "flask demo")));
  }
  sayMissing(vital ? [] : missing);
}

/** Tell a refusal where the reader is, with a way to try again. */
export function fault(error, again) {
  if (!(error instanceof Refused)) throw error;
  toast(`${error.message} ${error.remedy}`, { error: true, action: again ? { label: t("error.retry"), run: again } : null });
}

/** Return a loader: fetches, hands the answer to `use`, shows a refusal with a retry. */
export function loader(path, query, use) {
  const fetchLatest = latest();
  const run = async () => {
    try {
      const found = await fetchLatest(path, { query: query() });
      if (found) use(found);
    } catch (error) {
      fault(error, run);
    }
  };
  return run;
}

/** Put the page's answer in a sentence above the table and, on a small screen, over the map. */
export function lead(given) {
  const parts = lang === "zh" ? given.map((part) => (typeof part === "string" ? part.trim() : part)) : given; // no blank after 。
  byId("lead").replaceChildren(...parts.map((part) => (typeof part === "string" ? part : make("strong", { data: { from: "data" } }, part.strong))));
  // On a small screen the table is behind a tab, so the answer lies over the map.
  const first = parts.find((part) => typeof part !== "string");
  byId("lead-pill").textContent = parts.map((part) => (typeof part === "string" ? part : part.strong)).join("");
  byId("lead-pill").hidden = !first;
}

/** Select a grid: in the state, and from there on map, table and details. */
export const selectGrid = (code) => set({ selected: code === null ? null : `grid:${code}` });
export const selectedGrid = () => (state.selected?.startsWith("grid:") ? state.selected.slice(5) : null);

function keys(event) {
  if (typing(event)) return;
  if (event.key === "+" || event.key === "=") map.zoomIn(1);
  else if (event.key === "-") map.zoomOut(1);
  else if (event.key === "0") fit();
}

/**
 * Start a map page.
 *
 * hooks: begin(status) loads tables; changed(set) follows the state; picked(kind, row, layer) extra picks; hover(code).
 */
export async function startWorkspace(hooks) {
  read();
  openLevel(firstStatus);
  startShell();
  startUnsaved();
  startPanels();
  startFilters(firstStatus);
  on("loaded", drawLayers);
  on("hovered", (code) => { mark(code); hooks.hover?.(code); });
  on("picked", (kind, row, layer) => {
    if (kind === "grid") selectGrid(row.code);
    else if (kind === "cell") set({ selected: `cell:${row.code}` });
    else if (kind === "camera") { set({ selected: `camera:${row.id}` }); showCamera(row); detail(); }
    else if (kind === "incident") { set({ selected: `incident:${row.id}` }); showIncident(row); detail(); }
    else if (kind === "site") { showSite(row, layer); detail(); }
    hooks.picked?.(kind, row, layer);
  });
  onChange((changed) => hooks.changed?.(changed));
  document.addEventListener("keydown", keys);
  keepPlace();
  byId("attribution").dataset.from = "data";
  credit(firstStatus);
  byId("lead-pill").addEventListener("click", () => sheet("right"));
  showEmpty(firstStatus);
  start(firstStatus);
  onData((status, { quiet = false } = {}) => {
    openLevel(status);
    credit(status);
    showEmpty(status);
    if (!quiet || !document.activeElement?.closest("#filters")) fillFilters(status);
    reload(status, { quiet });
    hooks.begin(status);
    if (!quiet) toast(t("data.changed", { revision: status.revision }));
  });
  await hooks.begin(firstStatus);
  await settled();
  document.documentElement.dataset.ready = "true";
}

/** Of a very large city open a level that a map can show as a whole, not the finest. */
function openLevel(status) {
  if (!state.level && status?.opens && status.opens !== status.levels.at(-1)) state.level = status.opens;
}

/** Let the reader switch keep the place, the level, the selected grid and the choice of incidents. */
function keepPlace() {
  for (const link of document.querySelectorAll(".readers a")) {
    link.addEventListener("click", () => {
      const url = new URL(link.href);
      url.search = "";
      if (state.centre && state.zoom !== null) {
        url.searchParams.set("centre", state.centre.join(","));
        url.searchParams.set("zoom", String(state.zoom));
      }
      if (state.level) url.searchParams.set("level", state.level);
      if (selectedGrid()) url.searchParams.set("selected", state.selected);
      for (const name of CHOICE) if (name !== "category" && state[name]) url.searchParams.set(name, state[name]);
      for (const name of state.category) url.searchParams.append("category", name);
      link.href = url.href;
    });
  }
}

function credit(status) {
  byId("attribution").textContent = byId("attribution").title = attribution(status);
}

/** Bring the details forward. */
export function detail() {
  set({ tab: "detail" });
  showTab("detail");
  if (narrow()) sheet("right");
}
