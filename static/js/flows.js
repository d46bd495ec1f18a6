// Flows between grids: recorded in one, counted in another; as a table, and as arcs on the map while it is open.

import { latest } from "./api.js";
import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";
import { map } from "./map.js";
import { CHOICE, queryOf } from "./state.js";
import { colour, onTheme } from "./symbols.js";
import { Table } from "./table.js";
import { fault } from "./workspace.js";

const SHOWN = 200;
const STEPS = 24;
const BEND = 0.18; // of the length: so that there and back are two lines
const ask = latest();
const group = L.layerGroup().addTo(map);
let found = null;

const width = (count, most) => 1.5 + 8 * Math.sqrt(count / most);

/** An arc from one place to another, bent to the right of its way, as latitudes and longitudes. */
function arc([lon, lat], [toLon, toLat]) {
  const squeeze = Math.cos((lat * Math.PI) / 180);
  const [dx, dy] = [(toLon - lon) * squeeze, toLat - lat];
  const [cx, cy] = [lon * squeeze + dx / 2 + dy * BEND, lat + dy / 2 - dx * BEND];
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const u = i / STEPS;
    const x = (1 - u) ** 2 * lon * squeeze + 2 * u * (1 - u) * cx + u ** 2 * toLon * squeeze;
    return [(1 - u) ** 2 * lat + 2 * u * (1 - u) * cy + u ** 2 * toLat, x / squeeze];
  });
}

const names = (row) => `${row.recorded} → ${row.located ?? t("why.outside")}`;

function line(row, most) {
  const label = make("span", {}, make("b", { data: { from: "data" } }, names(row)), make("span", {}, t("tip.incidents", { count: number(row.incidents) })));
  label.className = "tip";
  const style = { color: colour("exposure"), weight: width(row.incidents, most), opacity: 0.7 };
  if (!row.to) return [L.circleMarker([row.from[1], row.from[0]], { ...style, radius: 9, fill: false, dashArray: "3 4" }).bindTooltip(label, { sticky: true })];
  const points = arc(row.from, row.to);
  // The head shows the way: a dot where the incidents count.
  return [L.polyline(points, style).bindTooltip(label, { sticky: true }),
    L.circleMarker(points.at(-1), { radius: 2 + width(row.incidents, most) / 2, color: style.color, fillColor: style.color, fillOpacity: 1, weight: 0, interactive: false })];
}

function legend(most) {
  const steps = [...new Set([1, Math.round(most / 4), most].filter((count) => count >= 1))];
  byId("flows-legend").replaceChildren(...steps.map((count) => {
    const bar = make("span", { class: "flow-bar", "aria-hidden": "true" });
    bar.style.height = `${width(count, most)}px`;
    return make("li", {}, bar, make("span", {}, t("flows.incidents", { count: number(count) })));
  }), make("li", { class: "muted" }, t("flows.way")));
}

function paint() {
  group.clearLayers();
  if (!found?.flows.length || !byId("flows").open) return;
  const most = found.flows[0].incidents;
  for (const row of [...found.flows].reverse()) for (const part of line(row, most)) part.addTo(group);
  legend(most);
}

const table = new Table(byId("flows-table"), {
  columns: [
    { key: "recorded", label: t("col.recorded"), name: "name", text: (row) => row.recorded, cell: (row) => make("span", {}, row.recorded, row.recorded_name && row.recorded_name !== row.recorded ? make("span", { class: "sub" }, row.recorded_name) : null) },
    { key: "located", label: t("flows.counted"), name: "name", text: (row) => row.located ?? t("why.outside"), cell: (row) => make("span", {}, row.located ?? t("why.outside"), row.located_name && row.located_name !== row.located ? make("span", { class: "sub" }, row.located_name) : null) },
    { key: "incidents", label: t("col.incidents"), numeric: true, text: (row) => number(row.incidents) },
  ],
  keyOf: (row) => `${row.recorded}\n${row.located ?? ""}`, label: t("flows.title"), empty: t("flows.none"),
  on: { select: (row) => map.fitBounds(L.latLngBounds([row.from, row.to ?? row.from].map(([lon, lat]) => [lat, lon])).pad(0.6), { maxZoom: 17 }) },
});

async function load() {
  try {
    const answer = await ask("/api/assignment/flows", { query: { ...queryOf(["level", ...CHOICE], null), limit: SHOWN } });
    if (!answer) return;
    found = answer;
    table.setRows(answer.flows);
    byId("flows-lead").textContent = t("flows.lead", { moved: number(answer.moved), stayed: number(answer.stayed), unrecorded: number(answer.unrecorded) }) + (answer.pairs > answer.flows.length ? ` ${t("flows.first", { shown: number(answer.flows.length), count: number(answer.pairs) })}` : "");
    byId("flows-legend").hidden = answer.flows.length === 0;
    paint();
  } catch (error) {
    fault(error, load);
  }
}

export function startFlows() {
  const box = byId("flows");
  box.addEventListener("toggle", () => { if (box.open) load(); else paint(); });
  onTheme(paint);
  return { load, get open() { return box.open; } };
}
