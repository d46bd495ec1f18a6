// Draft a new division of one parent: ask, follow its progress, compare it with today's on the map and in figures.
/* global L */

import { Refused, latest, request } from "./api.js";
import { onBalance, WORK } from "./balance.js";
import { byId, make, toast } from "./dom.js";
import { openDraft } from "./drafts.js";
import { changeOf, gridTitle, tip } from "./draw.js";
import { COLON, number, percent, t, word } from "./i18n.js";
import { fit, isOn, map, wanted } from "./map.js";
import { drawLayers, onTab } from "./panel.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { colour, onTheme, swatch } from "./symbols.js";
import { fault } from "./workspace.js";

const PERIOD_MS = 700;
const PATIENCE_S = 1;
const UNDER = ["balance", "grids", "density"]; // layers that the draft is shown instead of

const ask = latest();
const overlay = L.layerGroup().addTo(map);
let found = null; // the last division, a FeatureCollection with its figures
let timer = null;
let instead = false; // the draft is shown instead of other layers
let fitting = false; // the map is to go where the draft is

const query = () => ({ level: state.level, parent: state.divide_parent, count: state.divide_count || null, target_m2: state.divide_count ? null : state.divide_m2 || null, ...queryOf([...CHOICE, ...WORK], null) });
const asked = () => Boolean(byId("divide")) && Boolean(state.divide) && state.tab === "balance";

function progress(computing) {
  byId("divide-job").hidden = !computing;
  byId("divide-go").disabled = Boolean(computing);
  if (!computing) return;
  byId("divide-bar").value = computing.progress;
  byId("divide-step").textContent = `${computing.step} · ${number(100 * computing.progress)} %`;
}

async function load(again = false) {
  clearTimeout(timer);
  if (!asked()) return;
  try {
    const answer = await ask("/api/divide", { query: { ...query(), wait_s: PATIENCE_S, again: again ? 1 : null } });
    if (!answer) return;
    progress(answer.meta.computing);
    if (answer.meta.computing) {
      timer = setTimeout(load, PERIOD_MS);
      return;
    }
    if (answer.meta.error) throw new Refused(answer.meta.error);
    if (!answer.draft) {
      forget();
      return;
    }
    found = answer;
    if (!state.divide_view) set({ divide_view: "draft" });
    tell();
    show();
    if (fitting) {
      fitting = false;
      const box = L.geoJSON({ type: "FeatureCollection", features: found.features }).getBounds();
      fit([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], { maxZoom: 17.5, animate: true });
    }
  } catch (error) {
    progress(null);
    fault(error, () => load(true));
  }
}

/** One row of the comparison: what it is, today, in the draft. */
const row = (label, today, draft, title = null) => make("tr", {}, make("th", { scope: "row", title }, label), make("td", { class: "number" }, today), make("td", { class: "number" }, draft));

/** What the colours of the draft mean: the classes of the layer of the workload. */
function legend() {
  const { low, high } = found.bounds;
  const edges = [high, (1 + high) / 2, (1 + low) / 2, low];
  const said = [`> ${number(edges[0], 2)}`, ...edges.slice(1).map((edge, i) => `${number(edge, 2)} – ${number(edges[i], 2)}`), `< ${number(low, 2)}`];
  const tokens = ["change-up-2", "change-up-1", "change-chance", "change-down-1", "change-down-2"];
  return make("div", { class: "divide-legend" }, make("span", { class: "muted" }, t("divide.legend")), ...tokens.map((token, i) => make("span", {}, swatch(token), said[i])));
}

function tell() {
  const box = byId("divide-result");
  box.hidden = !found;
  if (!found) return;
  const { today, draft } = found;
  const both = (label, value, title) => row(label, value(today), value(draft), title);
  const figure = (key, decimals) => (side) => number(side.inequality[key], decimals);
  const view = (name) => make("button", { type: "button", class: "button", "aria-pressed": String(state.divide_view === name), data: { view: name }, onclick: () => set({ divide_view: name }) }, t(`divide.${name}`));
  const notes = [
    t("divide.moved", { moved: number(found.moved), count: number(found.incidents), share: percent(found.incidents ? found.moved / found.incidents : null) }),
    found.moved_team === null ? null : t("divide.moved_team", { moved: number(found.moved_team) }),
    ...found.left_out.map((one) => t("balance.left_out", one)),
    found.left_out.every((one) => one.measure !== "population") && draft.grids.some((one) => one.population !== null) ? t("divide.people") : null,
  ];
  box.replaceChildren(
    make("div", { class: "divide-views", role: "group", "aria-label": t("divide.views") }, view("today"), view("draft"),
      make("button", { type: "button", class: "button primary", id: "divide-add", onclick: (event) => add(event.currentTarget) }, t("divide.add")),
      make("button", { type: "button", class: "button", id: "divide-forget", onclick: forget }, t("divide.forget"))),
    make("table", { class: "divide-table", "aria-label": t("divide.table") },
      make("thead", {}, make("tr", {}, make("th", {}), make("th", { class: "number", scope: "col" }, t("divide.today")), make("th", { class: "number", scope: "col" }, t("divide.draft")))),
      make("tbody", {}, both(t("divide.grids"), (side) => number(side.count)), both(t("divide.area"), (side) => `${number(side.area_m2.mean)} m²`),
        both(t("divide.range"), (side) => `${number(side.area_m2.least)} – ${number(side.area_m2.most)} m²`),
        both(t("balance.gini"), figure("gini", 3), t("balance.gini.what")), both(t("balance.cv"), figure("cv", 2), t("balance.cv.what")), both(t("balance.max"), figure("max_mean", 2), t("balance.max.what")),
        both(t("divide.outside"), (side) => number(side.outside.below + side.outside.above)))),
    legend(),
    make("ul", { class: "assumptions" }, ...notes.filter(Boolean).map((text) => make("li", {}, text))));
}

function show() {
  overlay.clearLayers();
  const wish = Boolean(found) && asked() && state.divide_view === "draft";
  if (wish) {
    instead = true;
    if (UNDER.some(isOn)) { set({ layers: wanted().filter((name) => !UNDER.includes(name)) }); drawLayers(); }
    for (const feature of found.features) {
      const one = feature.properties;
      const made = L.geoJSON(feature, { style: () => ({ ...changeOf(one.symbol)(), color: colour("grid-line"), weight: 2 }) });
      made.bindTooltip(() => tip(gridTitle(one), [one.team && `${t("col.team")}${COLON}${one.team}`, t("balance.tip", { load: number(one.load, 2) }), one.heir && t("divide.heir", { code: one.heir })]), { sticky: true, direction: "top", offset: [0, -6] });
      overlay.addLayer(made);
    }
  } else if (instead) {
    instead = false;
    if (state.tab === "balance") { set({ layers: [...wanted(), "grids", "balance"] }); drawLayers(); }
  }
}

/** Put the new division into a draft of its own and open that, so that it can be changed further and submitted. */
async function add(button) {
  button.disabled = true;
  const name = t("divide.name", { parent: found.parent ?? word(found.level), count: number(found.draft.count) });
  try {
    const made = await request("/api/drafts", { method: "POST", body: { name } });
    try {
      await request(`/api/drafts/${made.id}/steps`, { method: "POST", body: { version: made.version, op: "divide", ...query(), level: found.level } });
    } catch (error) {
      await request(`/api/drafts/${made.id}?version=${made.version}`, { method: "DELETE" }).catch(() => null); // nobody needs an empty one
      throw error;
    }
    openDraft(made.id);
    toast(t("divide.added", { name }));
  } catch (error) {
    fault(error);
  } finally {
    button.disabled = false;
  }
}

function forget() {
  clearTimeout(timer);
  found = null;
  progress(null);
  tell();
  set({ divide: null, divide_view: null });
  show();
}

function go() {
  const count = byId("divide-count"), m2 = byId("divide-m2");
  for (const box of [count, m2]) if (!box.checkValidity()) { box.reportValidity(); return; }
  found = null;
  set({ divide: "1", divide_view: "draft", divide_parent: byId("divide-parent").value || null, divide_count: Number(count.value) || 0, divide_m2: Number(m2.value) || 0 });
  fitting = true;
  load(true);
}

async function cancel() {
  clearTimeout(timer);
  try {
    await request("/api/divide/cancel", { method: "POST", query: query() });
    forget();
  } catch (error) {
    fault(error);
  }
}

/** Fill the parents that have grids of the level. */
function controls(answer) {
  const option = (value, text) => make("option", { value }, text);
  const box = byId("divide-parent");
  // Answers come whenever the data change: what the reader chose or typed since the last one stays.
  const wish = state.divide_parent ?? state.parent ?? "", kept = box.dataset.put === wish ? box.value : wish;
  const put = (field, text) => { if (field.dataset.put !== text) field.value = field.dataset.put = text; };
  box.replaceChildren(...(answer.parents.length ? answer.parents.map((one) => option(one.code, `${one.name ?? one.code} (${number(one.grids)})`)) : [option("", t("divide.whole", { level: word(answer.level) }))]));
  box.dataset.put = wish;
  if (answer.parents.some((one) => one.code === kept)) box.value = kept;
  put(byId("divide-count"), String(state.divide_count || ""));
  put(byId("divide-m2"), String(state.divide_m2 || ""));
  const chosen = () => answer.parents.find((one) => one.code === box.value)?.grids ?? answer.total;
  box.onchange = () => { byId("divide-count").placeholder = number(chosen()); };
  box.onchange();
}

export function startDivide() {
  if (!byId("divide")) return; // for who may edit
  byId("divide-go").addEventListener("click", go);
  byId("divide-cancel").addEventListener("click", cancel);
  onBalance(controls);
  onTab((tab) => { if (tab === "balance" && state.divide && !found) load(); else if (tab !== "detail") show(); });
  onChange((changed) => {
    if (changed.has("divide_view") && found) { tell(); show(); }
    if (["level", ...CHOICE, ...WORK].some((name) => changed.has(name)) && asked()) { found = null; load(); }
  });
  onTheme(() => { if (found) show(); });
}

/** Ask again: the data changed. */
export function renewDivide() {
  found = null;
  if (asked()) byId("divide").open = true;
  if (asked()) load();
}
