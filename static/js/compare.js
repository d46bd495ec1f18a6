// The tab "Compare": this window against the one before, last year's or another; what changed beyond chance.

import { byId, make } from "./dom.js";
import { followMeasure, startMeasure } from "./compare_measure.js";
import { changeText, day, number, rounded, t, word } from "./i18n.js";
import { goToGrid, isOn, mark, wanted } from "./map.js";
import { drawLayers, onTab } from "./panel.js";
import { now as status } from "./shell.js";
import { CHOICE, queryOf, set, state } from "./state.js";
import { swatch } from "./symbols.js";
import { Table } from "./table.js";
import { loader, selectGrid, selectedGrid } from "./workspace.js";

const DAY = 86400000;
const QUERY = ["level", "division", ...CHOICE, "against", "against_from", "against_to", "by"];
const dayAfter = (text, days) => new Date(Date.parse(`${text}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
const zone = () => status()?.timezone ?? "UTC";
const localDay = (iso) => new Intl.DateTimeFormat("en-CA", { timeZone: zone(), year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(iso));
const lastMoment = (iso) => new Date(new Date(iso).getTime() - 1).toISOString();

let table = null;
let answer = null;
let stale = true;

/** Return the words for a window; its end is shown as its last day. */
const span = (side) => t("compare.span", { from: day(side.from, zone()), to: day(lastMoment(side.to), zone()) });

const small = (p) => (p < 0.001 ? t("compare.least") : number(p, 3));

/** Return a row's finding in a sentence. */
function sentence(row, tests) {
  if (row.kind === "none") return t("compare.say.none");
  const what = row.before === 0 ? t("compare.say.new", { now: number(row.now) })
    : t("compare.say.some", { now: number(row.now), expected: number(row.expected, Number.isInteger(row.expected) ? 0 : 1) });
  if (row.kind !== "chance") return t("compare.say.beyond", { what, q: small(row.q ?? row.p) });
  return t(row.p <= 0.05 ? "compare.say.nearly" : "compare.say.chance", { what, tests: number(tests) });
}

/** Return the legend's symbol of a row, as layers/change.py has it. */
function symbol(row) {
  if (row.kind === "none") return "ramp-zero";
  if (row.kind === "chance") return "change-chance";
  if (row.kind === "up") return row.percent === null || row.percent >= 100 ? "change-up-2" : "change-up-1";
  return row.percent <= -50 ? "change-down-2" : "change-down-1";
}

const category = (row) => (row.category === null ? t("compare.none_category") : word(row.category));

function title(row) {
  const by = answer?.by;
  if (row.whole) return t("compare.total");
  if (by === "categories") return category(row);
  if (by === "level") return word(row.level);
  const grid = row.name && row.name !== row.code ? row.name : row.code;
  return by === "pairs" ? `${grid} · ${category(row)}` : grid;
}

/** Return a count, and under it its rate in the measure that the density has. */
function counted(row, side) {
  const unit = { per_km2: "unit.per_km2", per_10k: "unit.per_10k" }[state.metric];
  const rate = unit ? row[`${side}_${state.metric}`] : undefined;
  if (rate === undefined || rate === null) return number(row[side]);
  return make("span", { title: `${rounded(rate)} ${t(unit)}` }, number(row[side]), make("span", { class: "sub" }, `${rounded(rate)}/${t(state.metric === "per_km2" ? "compare.km2" : "compare.10k")}`));
}

const keyOf = (row) => (answer?.by === "categories" ? `category:${row.category ?? ""}` : answer?.by === "level" ? `level:${row.level}` : answer?.by === "pairs" ? `${row.code}\u0000${row.category ?? ""}` : row.code);

function first(row) {
  const said = [sentence(row, answer.tests)];
  if (answer.by === "level" && !row.whole) said.push(t("compare.level.grids", { up: number(row.grids_up), down: number(row.grids_down), grids: number(row.grids) }));
  return make("span", {}, title(row), make("span", { class: "sub" }, said.join(" ")));
}

const changeCell = (row) => make("span", { class: "change" }, swatch(symbol(row)), changeText(row));

const columns = () => [
  { key: "title", label: { grids: t("col.grid"), categories: t("compare.category"), grid: t("compare.category"), pairs: `${t("col.grid")} · ${t("compare.category")}`, level: t("compare.level") }[state.by] ?? t("col.grid"),
    name: "said", by: title, text: title, cell: first },
  { key: "now", label: t("compare.now"), numeric: true, text: (row) => number(row.now), cell: (row) => counted(row, "now") },
  { key: "before", label: t("compare.before"), numeric: true, text: (row) => number(row.before), cell: (row) => counted(row, "before") },
  { key: "percent", label: t("compare.change"), unit: "%", numeric: true, by: (row) => (row.percent === null && row.now > 0 ? Infinity : row.percent), text: changeText, cell: changeCell },
];

/** Columns of the CSV: every figure unrounded, and the sentence. */
function exported() {
  const plain = (key, label, unit) => ({ key, label, unit, numeric: true });
  const text = (key, label, value) => ({ key, label, text: value });
  return [
    text("code", t("col.code"), (row) => row.code ?? ""), text("title", columns()[0].label, title),
    ...(answer.by === "pairs" ? [text("category", t("compare.category"), category)] : []),
    plain("now", t("compare.now")), plain("before", t("compare.before")), plain("expected", t("compare.expected")), plain("difference", t("compare.difference")),
    plain("percent", t("compare.change"), "%"),
    ...(answer.by === "grids" ? ["now_per_km2", "before_per_km2", "now_per_10k", "before_per_10k"].map((key) => plain(key, t(`compare.${key}`))) : []),
    plain("p", t("compare.p")), plain("q", t("compare.q")), text("kind", t("compare.kind"), (row) => t(`compare.kind.${row.kind}`)),
    text("sentence", t("compare.sentence"), (row) => sentence(row, answer.tests)),
  ];
}

function save() {
  if (!answer?.total) return;
  table.exported = exported();
  const rows = [...table.ordered(), { ...answer.total, whole: true }];
  table.ordered = () => rows;
  table.export(`compare-${state.by}`);
  delete table.ordered;
}

/** Tell both windows, what of them the data cover, and what follows for the figures. */
function tellWindows() {
  const { now, before, assumed, record, state: told } = answer;
  const lines = [];
  if (told === "ok") {
    lines.push(t("compare.windows", { now: span(now), now_days: number(Math.round(now.days)), before: span(before), before_days: number(Math.round(before.days)) }));
    if (assumed) lines.push(t("compare.assumed"));
    for (const [side, facts] of [["now", now], ["before", before]]) {
      if (facts.partial) lines.push(t(`compare.partial.${side}`, { covered: number(facts.covered_days), days: number(facts.days) }));
    }
    if (Math.round(now.counted_days * 24) !== Math.round(before.counted_days * 24)) lines.push(t("compare.scaled"));
    if (answer.outside.now || answer.outside.before) lines.push(t("compare.outside", { now: number(answer.outside.now), before: number(answer.outside.before) }));
    if (answer.by === "pairs" && answer.rows.length < answer.count) lines.push(t("compare.shown", { shown: number(answer.rows.length), count: number(answer.count) }));
    if (state.by === "grid") lines.push(answer.code ? t("compare.of_grid", { grid: answer.code }) : t("compare.no_grid"));
  } else {
    const facts = record ? { from: day(record.from, zone()), to: day(lastMoment(record.to), zone()), before: span(before) } : {};
    lines.push(t(`compare.state.${told}`, facts));
  }
  byId("compare-windows").textContent = lines.join(" ");
}

function tellLead() {
  const whole = answer.total;
  if (!whole) {
    byId("compare-lead").replaceChildren();
    return;
  }
  const rows = answer.by === "level" ? [] : answer.rows;
  const [up, down] = ["up", "down"].map((kind) => rows.filter((row) => row.kind === kind).length);
  byId("compare-lead").replaceChildren(
    make("strong", { data: { from: "data" } }, t("compare.lead", { now: number(whole.now), before: number(whole.before), change: changeText(whole) })), " ",
    t(whole.kind === "up" || whole.kind === "down" ? "compare.lead.beyond" : "compare.lead.chance", { p: small(whole.p ?? 1) }),
    rows.length ? ` ${t("compare.lead.rows", { up: number(up), down: number(down), tests: number(answer.tests) })}` : "");
}

function foot() {
  const old = table.table.querySelector("tfoot");
  old?.remove();
  if (!answer.total) return;
  const row = { ...answer.total, whole: true };
  table.table.append(make("tfoot", { data: { from: "data" } }, make("tr", {}, make("td", {}, t("compare.total")),
    make("td", { class: "number" }, number(row.now)), make("td", { class: "number" }, number(row.before)), make("td", { class: "number" }, changeText(row)))));
}

function show(found) {
  answer = found;
  stale = false;
  tellWindows();
  tellLead();
  table.setColumns(columns());
  // The least likely by chance first; rows without incidents last.
  table.setRows([...found.rows].sort((a, b) => (a.p ?? 2) - (b.p ?? 2) || Math.abs(b.difference) - Math.abs(a.difference)));
  foot();
  follow();
  byId("pane-compare").dataset.shown = found.by;
}

/** The categories of the selected grid are those of one code; without a selection, of all grids. */
function query() {
  const found = queryOf(QUERY, null);
  return found.by === "grid" ? { ...found, by: "categories", code: selectedGrid() } : found;
}

/** What the service's table of the comparison is asked for, beside what the address says. */
export const asTable = () => (state.by === "grid" ? { by: "categories", code: selectedGrid() } : {});

const ask = loader("/api/compare", query, show);

/** Load the comparison when the tab is open; else when it is opened. */
export function loadCompare() {
  stale = true;
  controls();
  return byId("pane-compare").hidden || state.compare === "measure" ? null : ask();
}

function follow() {
  const code = selectedGrid();
  if (answer?.by === "grids") table.select(code);
}

function controls() {
  for (const one of document.querySelectorAll('input[name="against"]')) one.checked = one.value === (state.compare === "measure" ? "measure" : state.against);
  for (const id of ["compare-windowed", "compare-table"]) byId(id).hidden = state.compare === "measure";
  byId("measure").hidden = state.compare !== "measure";
  byId("by").value = state.by;
  byId("against-dates").hidden = state.against !== "custom";
  byId("against_from").value = state.against_from ?? "";
  byId("against_to").value = state.against_to ? dayAfter(state.against_to, -1) : "";
  byId("change-on-map").checked = isOn("change");
}

/** Choose what to compare with; a custom window begins with the dates that were compared last. */
function choose(against) {
  if (against === "measure") return set({ compare: "measure" });
  if (against !== "custom") return set({ compare: "windows", against, against_from: null, against_to: null });
  const side = answer?.before;
  if (!side) return controls();
  return set({ compare: "windows", against, against_from: localDay(side.from), against_to: localDay(side.to) });
}

function dates() {
  const [from, to] = [byId("against_from"), byId("against_to")];
  to.setCustomValidity("");
  if (!from.value || !to.value) return;
  if (from.value > to.value) {
    to.setCustomValidity(t("filter.dates"));
    to.reportValidity();
    return;
  }
  set({ against_from: from.value, against_to: dayAfter(to.value, 1) });
}

/** Follow the state of the page. */
export function followCompare(changed) {
  followMeasure(changed);
  if (changed.has("compare")) {
    controls();
    if (stale) loadCompare();
  }
  if (QUERY.some((name) => changed.has(name))) {
    controls();
    loadCompare();
  }
  if (changed.has("layers")) byId("change-on-map").checked = isOn("change");
  if (changed.has("selected")) {
    follow();
    if (state.by === "grid") loadCompare();
  }
  if (changed.has("metric") && answer) table.draw();
}

export function startCompare() {
  table = new Table(byId("compare-table"), {
    columns: columns(), keyOf, label: t("compare.table"),
    on: {
      select: (row) => { if (row.code) { selectGrid(row.code); goToGrid(row.code); } },
      open: (row) => { if (row.code) { selectGrid(row.code); goToGrid(row.code, true); } },
      hover: (key) => mark(key === null ? null : key.split("\u0000")[0]),
    },
  });
  for (const one of document.querySelectorAll('input[name="against"]')) one.addEventListener("change", () => choose(one.value));
  byId("by").addEventListener("change", (event) => set({ by: event.target.value }));
  byId("against_from").addEventListener("change", dates);
  byId("against_to").addEventListener("change", dates);
  byId("export-compare").addEventListener("click", save);
  byId("change-on-map").addEventListener("change", (event) => {
    // The change takes the place of the other fillings of the grids.
    const others = wanted().filter((name) => !["change", "density", "heat"].includes(name));
    set({ layers: event.target.checked ? [...others, "change"] : [...others, "density"] });
    drawLayers();
  });
  startMeasure();
  onTab((name) => { if (name === "compare") { controls(); if (stale && state.compare !== "measure") ask(); } });
}
