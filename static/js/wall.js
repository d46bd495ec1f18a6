// The big screen: views that take turns by themselves, a clock, the age of the data, and a line that must not be lost unseen.
/* global L */

import { request } from "./api.js";
import { byId, make } from "./dom.js";
import { ago, COLON, firstStatus, t } from "./i18n.js";
import { follow, latest, line, onLive } from "./live.js";
import { drawFresh, pulse } from "./live_map.js";
import { clock } from "./live_tab.js";
import { gridFeature, map, on, reload, setFacts, start } from "./map.js";
import { drawLayers } from "./panel.js";
import { attribution } from "./shell.js";
import { defaults, set, state } from "./state.js";
import { VIEWS, windowOf } from "./wall_views.js";

const EVERY_S = 15;
const SOON_MS = 6000; // figures are asked for again so long after incidents came in, however many
const LONG_LOST_MS = 60000; // after so long without the service the page is loaded anew: it may be another version
const asked = new URL(location.href).searchParams;
const everyMs = 1000 * Math.min(300, Math.max(3, Number(asked.get("every")) || EVERY_S));
const only = (asked.get("views") ?? "").split(",").filter((name) => VIEWS.some((view) => view.name === name));
const views = only.length ? VIEWS.filter((view) => only.includes(view.name)) : VIEWS;

let status = firstStatus;
let place = -1;
let shown = null;
let lostAt = null;
let loadedAt = Date.now();
let turning = null;
let turns = 0;
let refreshing = null;
Object.assign(map.createPane("wall").style, { zIndex: 660 }); // above the marks of what just happened
const marks = L.layerGroup().addTo(map);

const zone = () => status?.timezone ?? "UTC";
const tag = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

function tick() {
  const now = new Date();
  byId("wall-time").textContent = new Intl.DateTimeFormat(tag, { timeZone: zone(), hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(now);
  byId("wall-day").textContent = new Intl.DateTimeFormat(tag, { timeZone: zone(), weekday: "short", year: "numeric", month: "short", day: "numeric" }).format(now);
  byId("wall-time").dateTime = now.toISOString();
  const last = latest[0];
  byId("wall-age").textContent = [last ? t("wall.last", { ago: ago(last.received_at), time: clock(last.received_at) }) : t("wall.no_live"),
    t("wall.figures", { time: clock(loadedAt), revision: status?.revision ?? "–" })].join(" · ");
  // A line that is silent is not yet known to be lost, but its data age must not look fresh.
  if (lostAt) byId("wall-lost").textContent = t("wall.lost", { time: clock(lostAt), ago: ago(lostAt) });
}

function drawLine() {
  byId("wall-line").dataset.state = line.state;
  byId("wall-state").textContent = t(`live.line.${line.state}`);
  const lost = line.state === "lost";
  if (lost && !lostAt) lostAt = line.heard || Date.now();
  if (!lost && lostAt && line.state !== "connecting") {
    if (Date.now() - lostAt > LONG_LOST_MS) location.reload();
    lostAt = null;
    refresh();
  }
  byId("wall-lost").hidden = !lostAt;
  byId("main").toggleAttribute("data-lost", Boolean(lostAt));
  tick();
}

/** Cover the views while there is nothing to show: what is missing, and how it is imported. */
function drawEmpty() {
  const box = byId("wall-empty");
  box.hidden = !status || status.layers?.incidents?.rows > 0;
  byId("main").toggleAttribute("data-empty", !box.hidden);
  box.replaceChildren(...(box.hidden ? [] : [make("h2", {}, t("empty.command")), make("p", {}, t("empty.command.how")),
    make("p", {}, `${t("empty.import")}${COLON}${location.origin}/import`),
    make("p", {}, t("empty.commandline")), make("code", {}, "flask import grids grids.geojson"), make("code", {}, "flask import incidents incidents.csv"), make("code", {}, "flask demo")]));
}

function drawHead() {
  drawEmpty();
  byId("wall-simulated").hidden = !status?.simulated?.length;
  byId("attribution").textContent = attribution(status);
}

async function nameCity() {
  const coarse = status?.levels?.[0];
  if (!coarse || status.levels.length < 2) return;
  const found = await request("/api/grids", { query: { level: coarse }, quiet: true });
  if (found.grids.length === 1) byId("wall-city").textContent = found.grids[0].name ?? found.grids[0].code;
}

function drawSteps() {
  byId("wall-steps").replaceChildren(...views.map((view, index) => make("li", { class: index === place ? "now" : "" }, t(`wall.view.${view.name}`))));
}

function numbered(at, number) {
  L.marker(at, { icon: L.divIcon({ className: "", html: make("span", { class: "wall-mark" }, String(number)), iconSize: [0, 0] }), pane: "wall", interactive: false, keyboard: false }).addTo(marks);
}

function drawMarks() {
  marks.clearLayers();
  (shown?.places ?? []).forEach((at, index) => numbered(at, index + 1));
  (shown?.marked ?? []).forEach((code, index) => {
    const feature = gridFeature(code);
    if (feature) numbered(L.geoJSON(feature).getBounds().getCenter(), index + 1);
  });
}

function frame() {
  if (shown.fresh) {
    const box = L.latLngBounds(shown.fresh.map((row) => [row.lat, row.lon]));
    map.fitBounds(box.pad(0.25), { maxZoom: 16.5, animate: false });
    drawFresh([...shown.fresh].reverse(), () => {});
    pulse(shown.fresh[0], { long: true });
  } else if (status?.bounds) {
    const [west, south, east, north] = status.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [24, 40], animate: false });
  }
}

function draw(view, found, span) {
  shown = found;
  byId("main").dataset.view = view.name;
  byId("wall-title").textContent = t(`wall.view.${view.name}`);
  byId("wall-window").textContent = found.window === false || !span ? "" : t("wall.window", { from: span.from, to: span.last });
  byId("wall-figure").replaceChildren(...(found.figure ? [make("b", { data: { from: "data" } }, found.figure.value), make("span", {}, found.figure.text)] : []));
  byId("wall-list").replaceChildren(...found.rows.map((row, index) => make("li", { data: { from: "data" } },
    make("span", { class: "rank" }, String(index + 1)), make("span", { class: "name" }, row.name), make("span", { class: "value" }, row.value),
    row.sub ? make("span", { class: row.seen ? "sub seen" : "sub" }, row.sub) : null)));
  byId("wall-foot").textContent = found.foot;
  set({ layers: found.layers, from: found.window === false ? null : span?.from ?? null, to: found.window === false ? null : span?.to ?? null });
  loadedAt = Date.now();
  frame();
  drawMarks();
  drawSteps();
  tick();
}

/** Load the view at `index` and show it, unless it is no longer `wanted` by then; return whether there was something to show. */
async function show(index, wanted) {
  const view = views[index];
  const span = windowOf(status);
  const level = status?.opens ?? status?.levels?.at(-1) ?? null;
  const found = await view.load({ query: { level, from: span?.from, to: span?.to } });
  if (!found || !wanted()) return false;
  place = index;
  draw(view, found, span);
  return true;
}

/** Go on to the next view that has something to show. A service that does not answer leaves the present one. */
async function turn() {
  clearTimeout(turning);
  const mine = turns += 1, wanted = () => mine === turns;
  try {
    let done = false;
    for (let step = 1; step <= views.length && !done && wanted(); step += 1) done = await show((place + step + views.length) % views.length, wanted);
    if (!done && wanted()) byId("wall-title").textContent = t("wall.nothing");
  } catch (error) {
    console.info("wall:", error.message);
  }
  if (wanted()) turning = setTimeout(turn, everyMs);
}

/** Ask for the status and the figures of the present view again. */
async function refresh() {
  try {
    status = await request("/api/status", { quiet: true });
    drawHead();
    reload(status, { quiet: true });
    // Where the wall goes on meanwhile, it does not go back for the figures of what it showed.
    const here = place;
    if (here >= 0) await show(here, () => place === here);
  } catch (error) {
    console.info("wall:", error.message);
  }
}

/** Show the alerts that nobody acknowledged, the newest first. */
async function alarm() {
  try {
    const found = await request("/api/alerts", { query: { limit: 20 }, quiet: true });
    const open = found.alerts.filter((alert) => alert.acknowledged_at === null && alert.ended_at === null);
    byId("wall-alert").hidden = open.length === 0;
    byId("wall-alert").replaceChildren(...(open.length ? [make("b", {}, open.length === 1 ? t("wall.alert") : t("wall.alerts", { count: String(open.length) })),
      make("span", { data: { from: "data" } }, `${open[0].grid.name ?? open[0].grid.code}: ${open[0].explanation}`)] : []));
  } catch (error) {
    console.info("alerts:", error.message);
  }
}

function soon() {
  refreshing ??= setTimeout(() => { refreshing = null; refresh(); }, SOON_MS * (1 + Math.random() / 2));
}

async function stayAwake() {
  if (!("wakeLock" in navigator) || document.hidden) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch (error) {
    console.info("wake lock:", error.name);
  }
}

const leave = () => location.assign("/command");

function hands() {
  let idle = null;
  const moved = () => {
    document.body.classList.add("moved");
    byId("wall-hint").classList.remove("gone");
    clearTimeout(idle);
    idle = setTimeout(() => { document.body.classList.remove("moved"); byId("wall-hint").classList.add("gone"); }, 8000);
  };
  const fill = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch((error) => console.info("full screen:", error.name));
  };
  moved();
  document.addEventListener("pointermove", moved);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) fill();
    else if (event.key === "ArrowRight" || event.key === " ") turn();
    moved();
  });
  // Esc in full screen is the browser's: it ends it, and with it the wall.
  document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) leave(); });
  document.addEventListener("visibilitychange", stayAwake);
}

document.documentElement.dataset.theme = "dark";
Object.assign(state, defaults(), { layers: [], category: [], level: status?.opens ?? status?.levels?.at(-1) ?? null });
for (const control of ["dragging", "scrollWheelZoom", "doubleClickZoom", "keyboard", "touchZoom", "boxZoom"]) map[control]?.disable();
setFacts(status);
hands();
drawHead();
on("loaded", () => { drawLayers(); drawMarks(); });
start(status);
onLive("line", drawLine);
onLive("incidents", (rows) => {
  if (rows.length === 0) return;
  drawFresh(rows, () => {});
  soon();
});
onLive("data", soon);
onLive("alerts", alarm);
alarm();
setInterval(tick, 1000);
drawLine();
stayAwake();
nameCity().catch((error) => console.info("city:", error.message));
await follow({ always: true });
await turn();
document.documentElement.dataset.ready = "true";
