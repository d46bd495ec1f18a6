// Panels that fold, sheets on small screens, tabs, the list of layers, legends.

import { byId, make, narrow, toast } from "./dom.js";
import { number, rounded, t, word } from "./i18n.js";
import { isOn, layer, names, notes, wanted } from "./map.js";
import { keep, typing } from "./shell.js";
import { address, set, state } from "./state.js";
import { swatch } from "./symbols.js";

const root = document.documentElement;
const FACE = { density: "ramp-3", heat: "ramp-4", streetheat: "street-heat", hotspots: "spot-hot-intensifying", change: "change-up-1", balance: "change-up-2", sections: "street-heat", grids: "grid-line", zones: "zone", places: "place", cameras: "camera-fixed", incidents: "incident", coverage: "blind-3", views: "view-possible", blindspots: "blindspot", exposure: "exposure-certain", assignment: "doubt-differs", findings: "finding-error" };

function fold(side, closed = root.dataset[side] !== "closed") {
  if (closed) root.dataset[side] = "closed";
  else delete root.dataset[side];
  document.querySelector(`[data-fold="${side}"]`)?.setAttribute("aria-expanded", String(!closed));
  keep(`atlas.panel.${side}`, closed ? "closed" : "open");
}

/** Show one sheet ("left", "right", "bottom") on a small screen, none for "". */
export function sheet(name) {
  root.dataset.sheet = name;
  for (const button of document.querySelectorAll(".sheet-tabs button")) button.setAttribute("aria-pressed", String(button.dataset.sheet === name));
}

function panels() {
  for (const button of document.querySelectorAll("[data-fold]")) {
    button.setAttribute("aria-expanded", String(root.dataset[button.dataset.fold] !== "closed"));
    button.addEventListener("click", () => fold(button.dataset.fold));
  }
  for (const button of document.querySelectorAll(".sheet-tabs button")) {
    button.addEventListener("click", () => sheet(root.dataset.sheet === button.dataset.sheet ? "" : button.dataset.sheet));
  }
  sheet("");
  if (narrow()) byId("legends").open = false;
  document.addEventListener("keydown", (event) => {
    if (typing(event)) return;
    if (event.key === "[") fold("left");
    else if (event.key === "]") fold("right");
    else if (event.key === "Escape") {
      if (root.dataset.sheet) sheet("");
      else set({ selected: null });
    }
  });
}

const tabListeners = new Set();
export const onTab = (run) => tabListeners.add(run);

/** Show the tab of a name; it stays in the address. */
export function showTab(name) {
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  for (const run of tabListeners) run(name);
}

function tabs() {
  const all = [...document.querySelectorAll('[role="tab"]')];
  const first = all[0].id.slice(4);
  const choose = (tab) => { set({ tab: tab.id.slice(4) === first ? null : tab.id.slice(4) }); showTab(tab.id.slice(4)); };
  for (const tab of all) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = all[(all.indexOf(tab) + step + all.length) % all.length];
      next.focus();
      choose(next);
    });
  }
  showTab(all.some((tab) => tab.id === `tab-${state.tab}`) ? state.tab : first);
}

const rows = new Map();

function layerList() {
  byId("layer-list").replaceChildren(...names.map((name) => {
    const box = make("input", { type: "checkbox", data: { layer: name }, checked: isOn(name), onchange: () => {
      const next = box.checked ? [...wanted(), name] : wanted().filter((one) => one !== name);
      set({ layers: next });
      drawLayers();
    } });
    const side = make("span", { class: "state" });
    const row = make("li", {}, make("label", {}, box, swatch(FACE[name]), make("span", {}, t(`layer.${name}`)), make("span", { class: "spacer" }), side));
    rows.set(name, { row, box, side });
    return row;
  }));
}

/** Redraw the state of the layer list, the legends and the notes. */
export function drawLayers() {
  for (const [name, { row, box, side }] of rows) {
    const entry = layer(name);
    box.checked = isOn(name);
    row.classList.toggle("failed", Boolean(entry.error));
    const meta = entry.answer?.meta;
    const count = meta?.in_view ?? meta?.doubtful ?? meta?.rows;
    side.textContent = entry.error ? t("layer.failed") : entry.loading ? "…" : !isOn(name) || !entry.answer ? "" : count === 0 ? t("layer.empty") : count === undefined ? "" : number(count);
  }
  drawLegends();
  notes();
}

function label(item) {
  if (item.high === null && item.low !== null) return `≥ ${rounded(item.low)}`;
  if (item.label) return item.symbol === "grid-line" ? word(item.label) : item.label;
  return item.low === item.high ? rounded(item.high) : `${rounded(item.low)} – ${rounded(item.high)}`;
}

/** What other modules put under the legend of a layer: name -> function that returns an element or null. */
export const underLegend = new Map();

let drawn = "";

function drawLegends() {
  const shown = names.filter((name) => isOn(name) && layer(name).answer?.legend);
  byId("legends").hidden = shown.length === 0;
  const below = shown.map((name) => underLegend.get(name)?.() ?? null);
  const said = JSON.stringify(shown.map((name) => [name, layer(name).answer.legend]));
  // With each layer that comes this is asked again: what says the same stays, with the focus or the press that is in it.
  if (said === drawn && below.every((one) => one === null || one.isConnected)) return;
  drawn = said;
  byId("legend-body").replaceChildren(...shown.map((name, index) => {
    const { legend } = layer(name).answer;
    return make("section", { class: "legend", data: { legend: name, unit: legend.unit } },
      make("h3", {}, legend.title, legend.items.some((item) => item.low !== null) ? make("span", { class: "unit" }, legend.unit) : null),
      make("ul", {}, ...legend.items.map((item) => make("li", {}, swatch(item.symbol), make("span", {}, label(item)),
        item.count === null ? null : make("span", { class: "count" }, number(item.count))))),
      legend.note ? make("p", { class: "note" }, legend.note) : null, below[index]);
  }));
}

/** Put the address of the present view on the clipboard. */
export async function copyLink() {
  try {
    await navigator.clipboard.writeText(address());
    toast(t("link.copied"));
  } catch (error) {
    console.info("clipboard:", error.name);
    prompt(t("link.copy"), address());
  }
}

export function startPanels() {
  panels();
  tabs();
  layerList();
  byId("copy-link").addEventListener("click", copyLink);
}
