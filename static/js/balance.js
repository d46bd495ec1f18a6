// The tab of the balance: who has how much work, how unequal it is, and who lies outside the bounds.

import { figures } from "./balance_draw.js";
import { byId, make } from "./dom.js";
import { lang, number, percent, t } from "./i18n.js";
import { goToGrid, isOn, mark, wanted } from "./map.js";
import { drawLayers, onTab } from "./panel.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { Table } from "./table.js";
import { offerSections, startSections, wantSections } from "./sections.js";
import { offerTable } from "./takeaway.js";
import { loader, selectGrid, selectedGrid } from "./workspace.js";

export const WORK = ["w_incidents", "w_area", "w_population", "w_streets", "w_places", "w_cameras", "load_low", "load_high"];
const DEPENDS = ["level", "parent", ...CHOICE, ...WORK];
const LAYER = "balance";
const MOST = 2000;

let answer = null;
let stale = true;
let before = null; // the layers that were on before the tab switched to its own
const heard = new Set();

/** Call `run` with every new answer of /api/balance. */
export const onBalance = (run) => heard.add(run);
const open = () => state.tab === "balance";
const load = { key: "load", label: t("balance.load"), unit: t("balance.even"), numeric: true, text: (row) => number(row.load, 2),
  cell: (row) => make("span", { class: row.beyond ? "beyond" : "", title: row.beyond ? t(`balance.${row.beyond}`) : null }, row.beyond === "above" ? "▲ " : row.beyond === "below" ? "▽ " : "", number(row.load, 2)) };
const amounts = [
  { key: "incidents", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents) },
  { key: "area_m2", label: t("col.area"), unit: "m²", numeric: true, text: (row) => number(row.area_m2) },
  { key: "population", label: t("balance.population"), numeric: true, text: (row) => number(row.population) },
  { key: "streets_m", label: t("balance.streets"), unit: "m", numeric: true, text: (row) => number(row.streets_m) },
];
const COLUMNS = {
  grids: [{ key: "code", label: t("col.grid"), name: "name", text: (row) => row.code, cell: (row) => make("span", {}, row.code, row.name && row.name !== row.code ? make("span", { class: "sub" }, row.name) : null) }, load, ...amounts],
  teams: [{ key: "team", label: t("col.team"), name: "name", text: (row) => row.team }, { key: "grids", label: t("balance.grids"), numeric: true, text: (row) => number(row.grids) }, load, ...amounts],
};
const by = () => (state.balance_by === "sections" ? "sections" : state.balance_by === "teams" && answer?.teams.length ? "teams" : "grids");

const table = new Table(byId("balance-table"), {
  columns: COLUMNS.grids, keyOf: (row) => row.code ?? row.team, label: t("balance.table"), sort: { key: "load", down: true },
  on: {
    select: (row) => { if (row.code) { selectGrid(row.code); goToGrid(row.code); } },
    open: (row) => { if (row.code) { selectGrid(row.code); goToGrid(row.code, true); } },
    hover: (code) => mark(by() === "grids" ? code : null),
  },
});

const ask = loader("/api/balance", () => ({ ...queryOf(DEPENDS, null), limit: MOST }), (found) => {
  answer = found;
  tell();
  list();
  for (const run of heard) run(found);
});

function tell() {
  const { grids } = answer.inequality;
  const known = grids.gini !== null;
  const { above, below } = answer.outside;
  byId("balance-lead").replaceChildren(...(known
    ? [make("strong", { data: { from: "data" } }, t("balance.lead", { outside: number(above + below), count: number(answer.total) })), lang === "zh" ? "：" : ": ",
      `${t("balance.lead.more", { above: number(above), below: number(below) })}${lang === "zh" ? "" : " "}${t("balance.lead.moved", { share: percent(grids.moved, 1) })}`]
    : [t("balance.none")]));
  byId("balance-figures").replaceChildren(...(known ? figures(answer) : []));
  const notes = [
    ...answer.left_out.map((one) => t("balance.left_out", one)),
    grids.missing && known ? t("balance.missing", { count: number(grids.missing) }) : null,
    answer.teams.length && answer.teamless ? t("balance.teamless", { count: number(answer.teamless) }) : null,
    answer.total > answer.grids.length ? t("balance.listed", { shown: number(answer.grids.length), count: number(answer.total) }) : null,
  ];
  byId("balance-notes").replaceChildren(...notes.filter(Boolean).map((text) => make("li", {}, text)));
}

function list() {
  const which = by();
  byId("balance-by").querySelector('[data-by="teams"]').hidden = answer.teams.length === 0;
  byId("balance-table").hidden = which === "sections";
  wantSections(which === "sections" && open());
  for (const button of byId("balance-by").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.by === which));
  if (which === "sections") return;
  // A measure that nobody recorded has no column.
  const rows = answer[which];
  table.setColumns(COLUMNS[which].filter((column) => !amounts.includes(column) || rows.some((row) => row[column.key] !== null)));
  table.setRows(rows);
  table.select(which === "grids" ? selectedGrid() : null);
}

function renew() {
  stale = true;
  if (!open()) return;
  stale = false;
  ask();
}

function controls() {
  for (const box of byId("balance-ask").querySelectorAll("input")) box.value = state[box.dataset.weight];
}

/** While the tab is open the map shows the workload in place of the density; afterwards what it showed before. */
function switchLayers(tab) {
  if (tab === "balance" && !before) {
    before = wanted();
    if (isOn(LAYER)) return;
    set({ layers: [...before.filter((name) => name !== "density"), LAYER] });
    drawLayers();
  } else if (tab !== "balance" && tab !== "detail" && before) {
    set({ layers: before });
    before = null;
    drawLayers();
  }
}

export function startBalance() {
  for (const box of byId("balance-ask").querySelectorAll("input")) {
    box.addEventListener("change", () => {
      if (!box.checkValidity() || box.value === "") box.reportValidity();
      else set({ [box.dataset.weight]: Number(box.value) });
    });
  }
  for (const button of byId("balance-by").querySelectorAll("button")) button.addEventListener("click", () => set({ balance_by: button.dataset.by }));
  startSections();
  onTab((tab) => { switchLayers(tab); if (tab === "balance" && stale) renew(); else if (answer) wantSections(tab === "balance" && by() === "sections"); });
  onChange((changed) => {
    if (DEPENDS.some((name) => changed.has(name))) { controls(); renew(); }
    if (changed.has("balance_by") && answer) list();
    if (changed.has("selected") && answer && by() === "grids") table.select(selectedGrid());
  });
  offerTable("balance", () => (by() === "sections" ? offerSections() : answer ? { name: by() === "teams" ? "balance_teams" : "balance", title: t(by() === "teams" ? "balance.teams" : "balance.table"), sort: table.sort } : null));
}

/** Load again: the data changed. */
export function renewBalance() {
  controls();
  renew();
}
