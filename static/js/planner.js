// The planner: what can our cameras not see?

import { showFigures, tell, tellRefusal } from "./planner_answer.js";
import { claim, release, startAsk } from "./planner_ask.js";
import { addressOf, DEPENDS, figures, loadCameras, loadCoverage, loadFragility, loadInventory, loadSpots, onFigures, onRefused, params } from "./planner_data.js";
import { markGrid, startVectors, tilesOfFilters } from "./planner_gl.js";
import { follow as followJob, startJob } from "./planner_job.js";
import { askSeen, startSeen } from "./planner_seen.js";
import { followPrivacy, loadPrivacy, showPrivacy, startPrivacy } from "./planner_privacy.js";
import { followSpot, spotVectors, startSpots } from "./planner_spots.js";
import { startStandard } from "./planner_standard.js";
import { changedTables, follow, grids, showList, startTables } from "./planner_tables.js";
import { holdView, showView, startViews } from "./planner_views.js";
import { byId, narrow } from "./dom.js";
import { map, reload } from "./map.js";
import { onTab } from "./panel.js";
import { now } from "./shell.js";
import { onChange, read, set, state } from "./state.js";
import { startXlsx } from "./takeaway.js";
import { detail, startWorkspace } from "./workspace.js";

const heard = { show: new Set(), hide: new Set(), refreshed: new Set() };
let whatif = null;
let tab = null;

/** Load the figures of the present filters, and follow the computation until they are complete. */
async function load() {
  for (const link of document.querySelectorAll("[data-save]")) {
    link.href = addressOf({ blindspots: "/api/blindspots", coverage: "/api/layers/coverage", views: "/api/views" }[link.dataset.save]);
  }
  tilesOfFilters(false);
  const found = await loadCoverage();
  if (found) {
    tilesOfFilters(true);
    followJob(found, complete);
  }
  await Promise.all([loadPrivacy(), loadSpots(), state.list === "fragility" ? loadFragility() : null, state.list === "inventory" ? loadInventory() : null]);
  for (const run of heard.refreshed) run();
}

/** What was being computed is there: show it, on the map too. */
async function complete() {
  reload(now());
  await load();
  askSeen({ forward: false });
}

/** Start the what-if of whatif.js when its tab is first shown. */
async function startWhat() {
  if (whatif || !byId("pane-whatif").firstElementChild) return;
  whatif = import(new URL("./whatif.js", import.meta.url)).then((module) => module.startWhatif({
    map, state, set, onChange, params, claim, release, showFigures,
    cameras: () => figures.cameras?.cameras ?? [],
    onShow: (run) => heard.show.add(run), onHide: (run) => heard.hide.add(run), refreshed: (run) => heard.refreshed.add(run),
  }));
  await whatif;
}

/** Select a camera that was clicked among vector tiles. */
function pickCamera(row) {
  set({ selected: `camera:${row.id}` });
  detail();
}

onTab(async (name) => {
  const before = tab;
  tab = name;
  if (before === "whatif" && name !== "whatif") for (const run of heard.hide) run();
  if (name === "whatif") {
    await startWhat();
    if (tab === "whatif") for (const run of heard.show) run();
  }
  showPrivacy(name === "privacy");
});

if (!byId("pane-whatif").firstElementChild) byId("tab-whatif").hidden = true;
if (narrow()) byId("more-answer").open = false;
onRefused(tellRefusal);
onRefused((name) => { if (name === "coverage") tilesOfFilters(true); });
onFigures("coverage", tell);
onFigures("cameras", tell);
onFigures("standards", tell);

// Before the map asks for its layers, so that nothing is loaded twice.
read();
startXlsx();
startVectors({ hover: (code) => grids.hover(code), view: showView, pick: pickCamera, between: spotVectors });

startWorkspace({
  begin: async () => {
    if (!heard.begun) {
      heard.begun = true;
      startJob();
      startTables();
      startSpots();
      startViews(follow);
      startAsk();
      startSeen();
      startPrivacy();
      showList();
    }
    await Promise.all([startStandard.begun ??= startStandard(), load(), loadCameras()]);
    if (state.selected?.startsWith("camera:")) holdView(state.selected.slice(7));
    if (state.ask || state.line) await askSeen({ forward: !state.tab });
  },
  changed(changed) {
    if (changed.has("selected") && state.selected && (state.ask || state.line)) set({ ask: null, line: null });
    changedTables(changed);
    if (changed.has("selected")) {
      followSpot();
      followPrivacy();
      markGrid();
      holdView(state.selected?.startsWith("camera:") ? state.selected.slice(7) : null);
    }
    if (changed.has("ask") || changed.has("line")) askSeen();
    if (DEPENDS.some((name) => changed.has(name))) {
      load();
      if (state.ask || state.line) askSeen({ forward: false });
    }
  },
  hover: (code) => grids.hover(code),
});


