// Road sections in the tab of the balance: stretches of street, each with the grids it runs along and how far.

import { Refused, latest } from "./api.js";
import { byId, make } from "./dom.js";
import { COMMA, number, t } from "./i18n.js";
import { isOn, layer, map, on, wanted } from "./map.js";
import { drawLayers } from "./panel.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { Table } from "./table.js";
import { fault } from "./workspace.js";

const DEPENDS = ["level", "parent", ...CHOICE, "section_m", "section_incidents"];
const LAYER = "sections";
const UNDER = ["balance", "density"]; // areas in the same colours: lines could not be told from them
const MOST = 2000;
const PERIOD_MS = 700;

const ask = latest();
let answer = null;
let shown = false;
let timer = null;

const selectedId = () => (state.selected?.startsWith("section:") ? state.selected.slice(8) : null);
const along = (row) => `${row.grids.slice(0, 3).map((one) => `${one.code} ${number(one.metres)} m`).join(COMMA)}${row.grids.length > 3 ? ` +${number(row.grids.length - 3)}` : ""}`;

const table = new Table(byId("sections-table"), {
  columns: [
    { key: "name", label: t("layer.sections"), name: "name", text: (row) => row.name ?? t("sections.unnamed"), cell: (row) => make("span", {}, row.name ?? t("sections.unnamed"), make("span", { class: "sub", title: row.grids.map((one) => `${one.code} ${number(one.metres, 1)} m`).join("\n") }, along(row))) },
    { key: "length_m", label: t("sections.length"), unit: "m", numeric: true, text: (row) => number(row.length_m) },
    { key: "incidents", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents) },
  ],
  keyOf: (row) => row.id, label: t("layer.sections"), empty: t("sections.none"), sort: { key: "length_m", down: true },
  on: { select: (row) => go(row), open: (row) => go(row, 17) },
});

function go(row, zoom = 0) {
  set({ selected: `section:${row.id}` });
  if (zoom || !map.getBounds().contains([row.lat, row.lon])) map.setView([row.lat, row.lon], Math.max(map.getZoom(), zoom));
}

async function load() {
  clearTimeout(timer);
  try {
    const found = await ask("/api/sections", { query: { ...queryOf(DEPENDS, null), limit: MOST, wait_s: 1 } });
    if (!found || !shown) return;
    if (found.meta.computing) {
      byId("sections-lead").textContent = `${found.meta.computing.step} …`;
      timer = setTimeout(load, PERIOD_MS);
      return;
    }
    if (found.meta.error) throw new Refused(found.meta.error);
    answer = found;
    const own = found.sections.filter((one) => one.grids.length === 1).length;
    byId("sections-lead").replaceChildren(make("span", { data: { from: "data" } }, t("sections.lead", { count: number(found.total), km: number(found.length_m / 1000, 1), own: number(own) })),
      found.total > found.sections.length ? ` ${t("sections.listed", { shown: number(found.sections.length) })}` : "");
    table.setRows(found.sections);
    table.select(selectedId());
  } catch (error) {
    fault(error, load);
  }
}

/** Show or hide the list and its layer. */
export function wantSections(want) {
  byId("sections-ask").hidden = byId("sections-table").hidden = !want;
  if (want === shown) return;
  shown = want;
  if (want !== isOn(LAYER)) { set({ layers: want ? [...wanted().filter((name) => !UNDER.includes(name)), LAYER] : [...wanted().filter((name) => name !== LAYER), ...(state.tab === "balance" ? ["balance"] : [])] }); drawLayers(); }
  if (want && !answer) load();
}

export const offerSections = () => (answer ? { name: "sections", title: t("layer.sections"), sort: table.sort } : null);

export function startSections() {
  for (const box of byId("sections-ask").querySelectorAll("input")) {
    box.addEventListener("change", () => {
      if (!box.checkValidity()) box.reportValidity();
      else set({ [box.dataset.weight]: Number(box.value) || (box.dataset.weight === "section_m" ? 300 : 0) });
    });
  }
  onChange((changed) => {
    if (DEPENDS.some((name) => changed.has(name))) { answer = null; if (shown) load(); }
    if (changed.has("selected")) { if (shown) table.select(selectedId()); layer(LAYER)?.group.eachLayer((one) => one.restyle?.()); }
  });
  on("picked", (kind, row) => { if (kind === "section") set({ selected: `section:${row.id}` }); });
}

/** Ask again: the data changed. */
export function renewSections() {
  answer = null;
  for (const box of byId("sections-ask").querySelectorAll("input")) box.value = state[box.dataset.weight] || "";
  if (shown) load();
}
