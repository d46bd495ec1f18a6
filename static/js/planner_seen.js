// The answer to a question put to the map: which cameras see a place or the places along a line, and which do not.
/* global L */

import { latest } from "./api.js";
import { share, three } from "./planner_answer.js";
import { askPane, question } from "./planner_ask.js";
import { params } from "./planner_data.js";
import { showView } from "./planner_views.js";
import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";
import { fit, map } from "./map.js";
import { onTab } from "./panel.js";
import { set, state } from "./state.js";
import { colour, onTheme, swatch } from "./symbols.js";
import { Table } from "./table.js";
import { detail, fault } from "./workspace.js";

const fetchSeen = latest();
const group = L.layerGroup().addTo(map);
const above = L.layerGroup().addTo(map);
const FACE = { certain: "view-certain", possible: "view-possible", blind: "blind-3", built: "no-data", outside: "no-data" };
const CLASS = { certain: "share-certain", possible: "share-possible", blind: "share-blind" };
let answer = null;

const stateText = (name) => (name in FACE ? t(`state.${name}`) : t("asked.outside"));
const chip = (name) => make("span", { class: "chip" }, swatch(FACE[name] ?? "no-data"), stateText(name));
const onlineText = (row) => (row.online === null || row.online === undefined ? t("asked.state.unknown") : t(row.online ? "state.online" : "state.offline"));
const nameOf = (row) => row.name ?? row.id ?? t("word.camera");
const name = { key: "id", label: t("word.camera"), name: "name", text: nameOf };
const away = { key: "distance_m", label: t("col.distance"), unit: "m", numeric: true, text: (row) => number(row.distance_m) };
const px = { key: "px_per_m", label: t("col.density.px"), unit: "px/m", numeric: true, text: (row) => number(row.px_per_m) };
const seenBy = { key: "state", label: t("col.state"), text: (row) => stateText(row.state), cell: (row) => make("span", {}, chip(row.state), make("span", { class: "sub" }, onlineText(row))) };
const WHY = ["range", "near", "direction", "wall", "no_camera", "off"];
const reason = { key: "why", label: t("col.why"), text: (row) => (WHY.includes(row.why) ? t(`unseen.${row.why}`) : row.why ?? "–") };

/** Return a table of cameras, its rows linked with the map. */
function cameraTable(columns, rows, label) {
  const box = make("div", { class: "table-box" });
  const table = new Table(box, { columns, keyOf: (row) => String(row.id), label, on: {
    select: (row) => { showView(row.id); emphasise(row); },
    open: (row) => { if (row.lat !== undefined) map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18)); },
    hover: (key) => { showView(key); emphasise(rows.find((row) => String(row.id) === key) ?? null); },
  } });
  table.setRows(rows);
  return box;
}

const reach = (row) => [[answer.point[1], answer.point[0]], [row.lat, row.lon]];

function emphasise(row) {
  above.clearLayers();
  if (row && answer?.point && Number.isFinite(row.lat)) {
    L.polyline(reach(row), { ...askPane, color: colour("halo"), weight: 7 }).addTo(above);
    L.polyline(reach(row), { ...askPane, color: colour("select"), weight: 3 }).addTo(above);
  }
}

function drawPoint() {
  for (const row of answer.not_seen_by ?? []) {
    if (Number.isFinite(row.lat)) L.polyline(reach(row), { ...askPane, color: colour("blind-4"), weight: 1.5, dashArray: "1 6", opacity: 0.9 }).addTo(group);
  }
  for (const row of answer.cameras) {
    if (!Number.isFinite(row.lat)) continue;
    L.polyline(reach(row), { ...askPane, color: colour("halo"), weight: 5, opacity: 0.9 }).addTo(group);
    L.polyline(reach(row), { ...askPane, color: colour("view"), weight: 2.5, dashArray: row.state === "certain" ? null : "7 5" }).addTo(group);
  }
  const at = [answer.point[1], answer.point[0]];
  L.circleMarker(at, { ...askPane, radius: 9, color: colour("halo"), weight: 6, fill: false }).addTo(group);
  L.circleMarker(at, { ...askPane, radius: 9, color: colour("select"), weight: 3, fillColor: answer.state === "blind" ? colour("blind-3") : colour("view"), fillOpacity: answer.state === "possible" ? 0.45 : 1 }).addTo(group);
}

/** Return the part of the asked line between two distances, as [lat, lon]; distances scaled to the service's length. */
function piece(from, to) {
  const path = answer.asked.map(([lon, lat]) => L.latLng(lat, lon));
  const lengths = path.slice(1).map((at, index) => map.distance(path[index], at));
  const scale = lengths.reduce((sum, one) => sum + one, 0) / Math.max(answer.length_m, 1e-9);
  const found = [];
  let done = 0;
  lengths.forEach((length, index) => {
    const [a, b] = [Math.max(from * scale, done), Math.min(to * scale, done + length)];
    if (b > a || (b === a && found.length === 0 && length > 0)) {
      for (const at of [a, b]) {
        const part = (at - done) / length;
        found.push([path[index].lat + part * (path[index + 1].lat - path[index].lat), path[index].lng + part * (path[index + 1].lng - path[index].lng)]);
      }
    }
    done += length;
  });
  return found;
}

function drawLine() {
  L.polyline(answer.asked.map(([lon, lat]) => [lat, lon]), { ...askPane, color: colour("halo"), weight: 10 }).addTo(group);
  for (const step of answer.steps) {
    const token = step.state === "blind" ? "blind-3" : step.state in CLASS ? "view" : "no-data";
    L.polyline(piece(step.from_m, step.to_m), { ...askPane, color: colour(token), weight: 6, lineCap: "butt", dashArray: step.state === "possible" ? "5 4" : null }).addTo(group);
  }
}

function pointParts() {
  const [lon, lat] = answer.point;
  const where = { lon: number(lon, 5), lat: number(lat, 5), grid: answer.grid ?? "–" };
  return [make("h3", {}, t("asked.place")), make("p", { data: { state: answer.state ?? "" } }, chip(answer.state)), make("p", { class: "muted", data: { from: "data" } }, answer.grid ? t("asked.where", where) : t("asked.nowhere", where)),
    make("h4", {}, answer.cameras.length ? t("asked.seen", { count: number(answer.cameras.length) }) : t("asked.seen.none")),
    answer.cameras.length ? cameraTable([name, away, px, seenBy], answer.cameras, t("asked.place")) : null,
    answer.not_seen_by?.length ? make("h4", {}, t("asked.unseen")) : null,
    answer.not_seen_by?.length ? cameraTable([name, away, reason], answer.not_seen_by, t("asked.unseen")) : null];
}

function lineParts() {
  const whole = answer.length_m;
  const parts = whole > 0 ? { certain: answer.certain_m / whole, possible: answer.possible_m / whole, blind: answer.blind_m / whole } : null;
  const rest = parts ? 1 - parts.certain - parts.possible - parts.blind : 0;
  const strip = make("div", { class: "strip", role: "img", "aria-label": parts ? t("asked.length", { length: number(answer.length_m), ...three(parts) }) : "" }, ...answer.steps.map((step) => {
    const title = t("asked.strip", { from: number(step.from_m), to: number(step.to_m), state: stateText(step.state) });
    const made = make("i", { class: CLASS[step.state] ?? "", title });
    made.style.width = `${(100 * (step.to_m - step.from_m)) / Math.max(answer.length_m, 1e-9)}%`;
    return made;
  }));
  const many = (step) => (Array.isArray(step.cameras) ? step.cameras.length : step.cameras);
  const steps = answer.steps.map((step, index) => ({ ...step, index, many: many(step) }));
  const box = make("div", { class: "table-box" });
  new Table(box, { label: t("asked.steps"), keyOf: (row) => String(row.index), columns: [
    { key: "from_m", label: t("col.along"), text: (row) => t("asked.from_to", { from: number(row.from_m), to: number(row.to_m) }) },
    { key: "state", label: t("col.state"), text: (row) => stateText(row.state), cell: (row) => chip(row.state) },
    { key: "many", label: t("col.cameras"), numeric: true, text: (row) => number(row.many) }],
  on: { hover: (key) => stress(key === null ? null : answer.steps[Number(key)]), select: (row) => stress(row) } }).setRows(steps);
  return [make("h3", {}, t("asked.line")), make("p", {}, parts ? t("asked.length", { length: number(whole), ...three(parts) }) : "–", rest > 0.0005 ? t("asked.rest", { share: share(rest) }) : ""),
    make("div", { class: "strip-box" }, strip, make("div", { class: "ends" }, make("span", {}, "0 m"), make("span", {}, `${number(answer.length_m)} m`))),
    make("h4", {}, t("asked.cameras")),
    cameraTable([name, { key: "seen_m", label: t("col.seen_m"), unit: "m", numeric: true, text: (row) => number(row.seen_m) }, { key: "part", label: "%", numeric: true, text: (row) => share(row.seen_m / answer.length_m) }],
      answer.cameras.map((row) => ({ ...row, part: row.seen_m / answer.length_m })), t("asked.cameras")),
    make("h4", {}, t("asked.steps")), box];
}

function stress(step) {
  above.clearLayers();
  if (step) L.polyline(piece(step.from_m, step.to_m), { ...askPane, color: colour("select"), weight: 11, opacity: 0.7, lineCap: "butt" }).addTo(above);
}

function show() {
  group.clearLayers();
  above.clearLayers();
  byId("asked").hidden = !answer;
  byId("detail").hidden = Boolean(answer);
  if (!answer) {
    byId("asked").replaceChildren();
    return;
  }
  if (answer.asked) drawLine();
  else drawPoint();
  byId("asked").replaceChildren(make("div", { class: "asked", data: { from: "data" } }, ...(answer.asked ? lineParts() : pointParts()).filter(Boolean),
    make("div", { class: "actions" }, make("button", { type: "button", class: "button", onclick: () => set({ ask: null, line: null }) }, t("asked.close")))));
}

/** Ask what the address asks, again when the filters changed. */
export async function askSeen({ forward = true } = {}) {
  const asked = question();
  if (!asked) {
    answer = null;
    showView(null);
    show();
    return;
  }
  const query = asked.point ? { lon: asked.point[0], lat: asked.point[1] } : { line: asked.line.map((point) => point.join(",")).join(";") };
  try {
    const found = await fetchSeen("/api/seen-by", { query: { ...params(), ...query } });
    if (!found) return;
    answer = asked.point ? { ...found, point: asked.point } : { ...found, asked: asked.line };
    show();
    if (forward) detail();
  } catch (error) {
    fault(error, () => askSeen({ forward }));
  }
}

export function startSeen() {
  onTheme(show);
  onTab((tab) => { if (tab !== "detail") { above.clearLayers(); showView(null); } });
  if (question() && !state.centre) {
    const all = question().line ?? [question().point];
    const [x, y] = [all.map((one) => one[0]), all.map((one) => one[1])];
    fit([Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)], { maxZoom: 17 });
  }
}
