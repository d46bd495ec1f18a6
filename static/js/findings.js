// The worklist: every defect that the audit found, filtered, sorted, gone through with the map following.
/* global L */

import { Refused, latest, request } from "./api.js";
import { byId, make, narrow } from "./dom.js";
import { asks, assigns, history, note, stateLine } from "./finding_notes.js";
import { drawProgress, startProgress } from "./finding_progress.js";
import { COMMA, number, t, word } from "./i18n.js";
import { fit, isOn, layer, map, on, refresh, wanted } from "./map.js";
import { onTab, sheet, showTab } from "./panel.js";
import { clearPreview, propose, proposeAll } from "./repairs.js";
import { typing } from "./shell.js";
import { onChange, set, state } from "./state.js";
import { colour, onTheme, swatch } from "./symbols.js";
import { Table } from "./table.js";
import { offerTable } from "./takeaway.js";
import { fault } from "./workspace.js";

const SEVERITIES = ["error", "warning", "note"];
const STATES = ["open", "accepted", "gone", "all"];
const MOST = 2000;
const MOST_AT_ONCE = 50; // proposals that are looked for together
const PERIOD_MS = 700;
const PATIENCE_S = 1;

const ask = latest();
const outline = L.layerGroup().addTo(map);
let found = null;
let teams = [];
let carded = null; // the finding whose card is open, with its state
let timer = null;
let shown = false;

const unitOf = (unit, count) => (unit === "m²" || unit === "m" ? unit : t(`finding.unit.${unit}`, { count }));

/** A measure with the digits it needs and its unit. */
const measure = (row) => (row.revision !== undefined ? t("finding.revision", { revision: number(row.revision) }) : `${number(row.measure, row.unit === "m²" || row.unit === "m" ? (row.measure >= 0.1 || row.measure === 0 ? 2 : 6) : row.unit ? 0 : 3)}${row.unit ? ` ${unitOf(row.unit, row.measure)}` : ""}`);
const grids = (row) => (row.grids.length > 3 ? `${row.grids.slice(0, 3).join(COMMA)} …` : row.grids.join(COMMA)) || "–";
const selectedId = () => (state.selected?.startsWith("finding:") ? state.selected.slice(8) : null);

const table = new Table(byId("finding-table"), {
  columns: [
    { key: "severity", label: "", title: t("finding.severity"), name: "sign", by: (row) => SEVERITIES.indexOf(row.severity), text: (row) => (row.severity ? t(`finding.${row.severity}`) : "–"), cell: (row) => (row.severity ? make("span", { title: t(`finding.${row.severity}`) }, swatch(`finding-${row.severity}`)) : "") },
    { key: "title", label: t("finding.kind"), name: "name", text: (row) => row.title, cell: (row) => make("span", {}, row.title, make("span", { class: "sub" }, row.team ? `${grids(row)} · ${row.team}` : grids(row))) },
    { key: "level", label: t("col.level"), text: (row) => (row.level ? word(row.level) : "–") },
    { key: "measure", label: t("finding.measure"), numeric: true, text: measure, cell: measure },
  ],
  keyOf: (row) => row.id, label: t("tab.findings"), empty: t("finding.none"),
  on: { select: (row) => choose(row), open: (row) => choose(row) },
});

function choose(row) {
  set({ selected: `finding:${row.id}` });
  // Above the card, which covers the foot of the map.
  if (row.bounds) fit(row.bounds, { maxZoom: 19, animate: true, paddingBottomRight: [20, Math.round(map.getSize().y * 0.45)] });
  if (narrow()) sheet("");
}

/** Go to the next finding of the list, or the one before. */
function step(by) {
  const rows = table.ordered();
  if (!rows.length) return;
  const place = rows.findIndex((row) => row.id === selectedId());
  go(rows[place < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, place + by))]);
}

function go(next) {
  table.select(next.id);
  choose(next);
}

/** Go on after something was done with a finding; its row may leave the list. */
async function after(row) {
  const rows = table.ordered();
  const place = rows.findIndex((one) => one.id === row.id);
  const next = rows[place + 1] ?? rows[place - 1] ?? null;
  await load();
  const left = found?.findings.find((one) => one.id === next?.id);
  if (left) go(left);
}

function card() {
  const rows = table.ordered();
  const place = rows.findIndex((one) => one.id === selectedId());
  const row = rows[place];
  const box = byId("finding-card");
  outline.clearLayers();
  // Over the map of other tabs stand cards of their own.
  if (!["findings", "detail"].includes(state.tab)) { clearPreview(); box.hidden = true; carded = null; return; }
  if (!row) {
    clearPreview();
    if (selectedId() && carded === `gone ${selectedId()}`) return;
    box.hidden = true;
    carded = selectedId() ? `gone ${selectedId()}` : null;
    if (selectedId() && state.state !== "gone") sayGone(selectedId());
    return;
  }
  const feature = layer("findings")?.features.get(row.id)?.feature;
  if (feature) L.geoJSON(feature, { interactive: false, pointToLayer: (_, at) => L.circleMarker(at, { radius: 14 }), style: () => ({ color: colour("select"), weight: 3, fill: false }) }).addTo(outline);
  // What is too small to be seen is ringed.
  if (row.lat !== null && row.lat !== undefined) L.circleMarker([row.lat, row.lon], { interactive: false, radius: 16, color: colour("select"), weight: 2, dashArray: "3 3", fill: false }).addTo(outline);
  const key = JSON.stringify([row.id, row.state, row.team, row.noted, place, rows.length]);
  if (carded === key && !box.hidden) return; // the map only drew anew: what is open in the card stays open
  carded = key;
  clearPreview();
  box.hidden = false;
  const button = (name, by, sign) => make("button", { type: "button", class: "ghost", title: t(name), "aria-label": t(name), onclick: () => step(by) }, sign);
  const head = make("div", { class: "finding-head" }, row.severity ? swatch(`finding-${row.severity}`) : null, make("b", {}, row.title), make("span", { class: "muted" }, `${number(place + 1)} / ${number(rows.length)}`),
    make("span", { class: "spacer" }), button("finding.previous", -1, "‹"), button("finding.next", 1, "›"),
    make("button", { type: "button", class: "ghost", title: t("finding.close"), "aria-label": t("finding.close"), onclick: () => set({ selected: null }) }, "×"));
  if (row.revision !== undefined) {
    box.replaceChildren(head, make("p", { data: { from: "data" } }, grids(row)), make("p", { role: "status" }, t("finding.gone_in", { revision: number(row.revision) })));
    return;
  }
  const [ways, form, said] = [make("div", { class: "finding-ways" }), make("div"), make("div")];
  const done = () => after(row);
  const repair = make("button", { type: "button", class: "button", "aria-expanded": "false", onclick: async () => {
    if (repair.getAttribute("aria-expanded") === "true") { repair.setAttribute("aria-expanded", "false"); ways.replaceChildren(); clearPreview(); return; }
    repair.setAttribute("aria-expanded", "true");
    try { await propose(row, ways, () => { clearPreview(); step(1); }); } catch (error) { ways.replaceChildren(make("p", { class: "muted" }, `${error.message} ${error.remedy ?? ""}`)); }
  } }, t("repair.title"));
  const accept = row.state === "accepted" ? make("button", { type: "button", class: "button", onclick: async () => { if (await note([row], "reopen", null)) done(); } }, t("finding.reopen"))
    : make("button", { type: "button", class: "button", onclick: () => form.replaceChildren(asks("accept", [row], done)) }, t("finding.accept"));
  box.replaceChildren(head, make("p", { data: { from: "data" } }, row.message), make("p", { class: "muted", data: { from: "data" } }, row.remedy), ...[stateLine(row)].filter(Boolean),
    make("div", { class: "finding-do" }, repair, accept, make("button", { type: "button", class: "button", onclick: () => form.replaceChildren(asks("comment", [row], done)) }, t("finding.comment")), teams.length ? assigns([row], teams, row.team, done) : null), form, ways, said);
  if (row.noted) request(`/api/findings/${row.id}/notes`, { quiet: true }).then((answer) => said.replaceChildren(...[history(answer.said)].filter(Boolean)), () => {});
}

/** A finding that was looked at and is not in the list: gone, accepted or filtered away. */
async function sayGone(id) {
  const answer = await request("/api/findings/gone", { query: { finding: id }, quiet: true }).catch(() => null);
  const one = answer?.gone[0];
  if (!one || selectedId() !== id) return;
  const box = byId("finding-card");
  box.hidden = false;
  box.replaceChildren(make("div", { class: "finding-head" }, make("b", {}, one.title), make("span", { class: "spacer" }), make("button", { type: "button", class: "ghost", title: t("finding.close"), "aria-label": t("finding.close"), onclick: () => { box.hidden = true; set({ selected: null }); } }, "×")),
    make("p", { data: { from: "data" } }, grids(one)), make("p", { role: "status" }, t("finding.gone_in", { revision: number(one.revision) })));
}

/** What can be done with all that is listed. */
function bulk() {
  const box = byId("finding-bulk");
  const rows = table.ordered();
  const work = make("div");
  const end = () => { work.replaceChildren(); load(); };
  const listed = rows.length > 1 && state.state !== "gone" && state.state !== "all";
  box.hidden = !listed;
  if (!listed) return;
  const count = { count: number(rows.length) };
  const buttons = state.state === "accepted" ? [make("button", { type: "button", class: "button", onclick: async () => { if (await note(rows, "reopen", null)) end(); } }, t("finding.reopen_all", count))] : [
    make("button", { type: "button", class: "button", onclick: () => work.replaceChildren(asks("accept", rows, end)) }, t("finding.accept_all", count)),
    make("button", { type: "button", class: "button", onclick: () => proposeAll(rows.slice(0, MOST_AT_ONCE), work, () => { work.replaceChildren(); }).catch((error) => { work.replaceChildren(); fault(error, bulk); }) }, t("repair.all", { count: number(Math.min(rows.length, MOST_AT_ONCE)) })),
    teams.length ? assigns(rows, teams, undefined, end) : null];
  box.replaceChildren(make("div", { class: "finding-do" }, ...buttons.filter(Boolean)), work);
}

function choices() {
  const option = (value, text) => make("option", { value }, text);
  const kinds = Object.entries(found.all.kinds);
  byId("finding-kind").replaceChildren(option("", t("finding.every_kind")), ...kinds.map(([kind, count]) => option(kind, `${t(`finding.kind.${kind}`)} (${number(count)})`)));
  byId("finding-kind").value = state.kind ?? "";
  byId("finding-level").replaceChildren(option("", t("finding.every_level")), ...found.all.levels.map((level) => option(level, word(level))));
  byId("finding-level").value = state.at_level ?? "";
  byId("finding-state").replaceChildren(...STATES.map((name) => option(name, found.states?.[name] === undefined ? t(`finding.state.${name}`) : `${t(`finding.state.${name}`)} (${number(found.states[name])})`)));
  byId("finding-state").value = state.state;
  byId("finding-counts").replaceChildren(...SEVERITIES.map((severity) => make("button", { type: "button", "aria-pressed": String(state.severity === severity), data: { severity }, onclick: () => set({ severity: state.severity === severity ? null : severity }) },
    make("b", {}, number(found.all.severities[severity])), make("span", {}, t(`finding.${severity}s`)))));
}

function progress(computing) {
  byId("finding-job").hidden = !computing;
  if (!computing) return;
  byId("finding-bar").value = computing.progress;
  byId("finding-step").textContent = `${computing.step} · ${number(100 * computing.progress)} %`;
}

function said() {
  const lines = [];
  if (found.total > found.findings.length) lines.push(t("finding.listed", { shown: number(found.findings.length), count: number(found.total) }));
  const levels = new Map();
  for (const one of found.meta.unchecked ?? []) levels.set(one.title, [...(levels.get(one.title) ?? []), word(one.level)]);
  const silent = new Map();
  for (const [title, where] of levels) silent.set(where.join(COMMA), [...(silent.get(where.join(COMMA)) ?? []), title]);
  for (const [where, kinds] of silent) lines.push(t("finding.unchecked", { levels: where, kinds: kinds.join(COMMA) }));
  byId("finding-notes").replaceChildren(...lines.map((line) => make("p", {}, line)));
}

async function load() {
  clearTimeout(timer);
  try {
    const answer = await ask("/api/audit", { query: { level: state.at_level, kind: state.kind, severity: state.severity, state: state.state, limit: MOST, wait_s: PATIENCE_S } });
    if (!answer) return;
    progress(answer.meta.computing);
    if (answer.meta.computing) {
      timer = setTimeout(load, PERIOD_MS);
      return;
    }
    if (answer.meta.error) throw new Refused(answer.meta.error);
    const first = !found;
    found = { ...answer };
    if (state.state === "gone") found.findings = (await request("/api/findings/gone", { query: { limit: 500 } })).gone.map((one) => ({ ...one, id: one.finding, measure: NaN, unit: "" }));
    teams = [...new Set(found.meta.teams ?? [])];
    choices();
    table.setRows(found.findings);
    bulk();
    drawProgress();
    said();
    if (first && isOn("findings")) refresh(new Set(["kind"]));
    table.select(selectedId());
    card();
  } catch (error) {
    progress(null);
    fault(error, load);
  }
}

/** Show the worklist; it is worked out when it is first looked at. */
export function openFindings() {
  shown = true;
  if (!wanted().includes("findings")) set({ layers: [...wanted(), "findings"] });
  if (!found) load();
}

/** Forget what was found: the data changed. */
export async function renewFindings() {
  if (!shown) return;
  found = null;
  await load();
}

export function startFindings() {
  byId("finding-kind").addEventListener("change", (event) => set({ kind: event.target.value || null }));
  byId("finding-level").addEventListener("change", (event) => set({ at_level: event.target.value || null }));
  byId("finding-state").addEventListener("change", (event) => set({ state: event.target.value, selected: null }));
  startProgress();
  const progressTable = { name: "findings-progress", title: t("finding.progress") };
  offerTable("findings", () => (found ? { name: "findings", title: t("tab.findings"), sort: table.sort, query: { state: state.state }, also: progressTable } : null));
  onChange((changed) => {
    if (["kind", "severity", "at_level", "state"].some((name) => changed.has(name)) && shown) load();
    if (changed.has("selected") && found) { table.select(selectedId()); card(); }
  });
  on("loaded", (name) => { if (name === "findings" && found && !layer("findings").loading) card(); });
  on("picked", (kind, row) => {
    if (kind !== "finding") return;
    set({ selected: `finding:${row.id}`, tab: "findings" });
    showTab("findings");
  });
  onTheme(() => { if (found) card(); });
  onTab(() => { if (found) card(); });
  document.addEventListener("keydown", (event) => {
    if (typing(event) || state.tab !== "findings" || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { n: 1, j: 1, p: -1, k: -1 }[event.key] ?? (event.target.closest("table, .leaflet-container, [role=tablist], [role=radiogroup], button") ? undefined : { ArrowDown: 1, ArrowUp: -1 }[event.key]);
    if (by) { event.preventDefault(); step(by); }
  });
}
