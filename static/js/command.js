// The command centre: where do incidents concentrate?

import { windowText } from "./brush.js";
import { asTable, followCompare, loadCompare, startCompare } from "./compare.js";
import { measureTable } from "./compare_measure.js";
import { byId, make } from "./dom.js";
import { fillHeat, startHeat } from "./heat.js";
import { beginSpots, hoverSpot, startSpots } from "./hotspots.js";
import { lang, number, t } from "./i18n.js";
import { liveTable, startLive } from "./live_tab.js";
import { sayDivision, startDivision } from "./divisions.js";
import { goToGrid, mark, pictured } from "./map.js";
import { isPlaying, onRest } from "./play.js";
import { followProfile, PROFILE_DEPENDS, profileTable, reloadProfile, startProfile } from "./profile.js";
import { followScore, startScore } from "./score.js";
import { typing } from "./shell.js";
import { CHOICE, queryOf, state } from "./state.js";
import { Table } from "./table.js";
import { loadTime } from "./time_panel.js";
import { offerTable, startTakeaway } from "./takeaway.js";
import { detail, lead, loader, selectGrid, selectedGrid, startWorkspace } from "./workspace.js";

const DOUBLE_CLICK_MS = 280;
const METRIC = { count: "incidents", per_km2: "per_km2", per_10k: "per_10k" };
const columns = [
  { key: "code", label: t("col.grid"), name: "name", text: (row) => row.code, cell: (row) => make("span", {}, row.code, row.name && row.name !== row.code ? make("span", { class: "sub" }, row.name) : null) },
  { key: "incidents", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents) },
  { key: "per_km2", label: t("col.density"), unit: t("unit.per_km2"), numeric: true, text: (row) => number(row.per_km2, 0) },
  { key: "per_10k", label: t("col.rate"), unit: t("unit.per_10k"), numeric: true, text: (row) => number(row.per_10k, 1) },
];

const table = new Table(byId("table"), {
  columns, keyOf: (row) => row.code, label: t("table.hot"), sort: { key: METRIC[state.metric] ?? "per_km2", down: true },
  on: {
    select: (row) => { selectGrid(row.code); goToGrid(row.code); },
    open: (row) => { selectGrid(row.code); goToGrid(row.code, true); },
    hover: (code) => mark(code),
  },
});

let answer = null;

const load = loader("/api/density", () => queryOf(["level", "division", ...CHOICE], null), (found) => {
  sayDivision(found.meta.division);
  const sized = found.grids.some((row) => row.per_10k !== null);
  table.setColumns(sized ? columns : columns.slice(0, 3));
  table.setRows(found.grids);
  answer = found;
  tell();
  follow();
});

/** Say in a sentence where incidents concentrate. */
function tell() {
  const found = answer;
  const key = METRIC[state.metric];
  const hottest = found.grids.filter((row) => row[key] > 0).sort((a, b) => b[key] - a[key]);
  const total = { strong: t("lead.command.total", { count: number(found.total) }) };
  const when = `${lang === "zh" ? "" : " "}${t("lead.window", { window: windowText() })} `;
  if (found.total === 0) lead([t("lead.command.none")]);
  else if (hottest.length === 0) lead([total, when, t("lead.command.outside", { outside: number(found.outside) })]);
  else {
    const tenth = hottest.slice(0, Math.max(1, Math.round(found.grids.length / 10)));
    const share = tenth.reduce((sum, row) => sum + row.incidents, 0) / Math.max(found.total, 1);
    lead([total, when,
      t("lead.command.share", { grids: number(tenth.length), share: number(100 * share), outside: number(found.outside) })]);
  }
}

function follow() {
  table.select(selectedGrid());
  followProfile();
}

/** A click on a row opens the profile, unless it becomes a double click, which zooms to the grid. */
function openByClick() {
  let waiting = null;
  byId("table").addEventListener("click", (event) => {
    clearTimeout(waiting);
    if (event.target.closest("tbody tr") && event.detail === 1) waiting = setTimeout(() => { if (!byId("pane-hot").hidden) detail(); }, DOUBLE_CLICK_MS);
  });
}

openByClick();
startProfile();
startCompare();
startScore();
onRest(() => followScore(new Set(["from", "to"])));
offerTable("hot", () => ({ name: "density", title: t("table.hot"), sort: table.sort }));
offerTable("spots", () => ({ name: "hotspots", title: t("layer.hotspots"), sort: null }));
offerTable("compare", () => (state.compare === "measure" ? measureTable() : { name: "compare", title: t("layer.change"), sort: null, query: asTable() }));
offerTable("live", liveTable);
offerTable("detail", profileTable);
startTakeaway();
startDivision();
startLive();
document.addEventListener("keydown", (event) => { if (event.key === "f" && !typing(event)) location.assign(byId("wall-link").href); });

startSpots();
startHeat();
startWorkspace({
  begin: async (status) => {
    fillHeat();
    beginSpots();
    table.sort = { key: METRIC[state.metric], down: true };
    table.drawHead();
    reloadProfile();
    await Promise.all([load(), loadTime(status), loadCompare(status)]);
    if (answer) tell(); // the window's words come with the brush
  },
  changed(changed) {
    followCompare(changed);
    if (!isPlaying()) followScore(changed);
    if (changed.has("selected")) follow();
    else if (PROFILE_DEPENDS.some((name) => changed.has(name))) followProfile();
    if (changed.has("metric")) { table.sort = { key: METRIC[state.metric], down: true }; table.drawHead(); }
    if (["level", "metric", "division", ...CHOICE].some((name) => changed.has(name))) pictured().then(load);
  },
  // Who compares picks grids one after the other: the tab stays.
  picked(kind) { if (kind === "grid" && byId("pane-compare").hidden) detail(); },
  hover: (code) => { table.hover(code); hoverSpot(code); },
});
