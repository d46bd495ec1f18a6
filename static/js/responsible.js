// Who is responsible for a place: by name, code, longitude and latitude, or a click on the map.

import { latest } from "./api.js";
import { byId, make, narrow } from "./dom.js";
import { COMMA, number, t, word } from "./i18n.js";
import { map } from "./map.js";
import { sheet } from "./panel.js";
import { typing } from "./shell.js";
import { set, state } from "./state.js";
import { colour, onTheme } from "./symbols.js";
import { fault } from "./workspace.js";

const WAIT_MS = 220;
const LIMIT = 20;
const ask = latest();
const marks = L.layerGroup().addTo(map);
let found = [];
let chosen = -1;
let timer = null;
let picking = false;

const named = (grid) => (grid.name && grid.name !== grid.code ? `${grid.code} ${grid.name}` : grid.code);

/** One answer: what was found, who is responsible, the grids above it, and where to go from here. */
function item(one, index) {
  const finest = one.grids.at(-1);
  const links = make("div", { class: "who-links" },
    finest ? make("button", { type: "button", class: "button", onclick: () => { show(index); set({ level: finest.level, parent: null, selected: `grid:${finest.code}` }); } }, t("who.show")) : null,
    make("a", { class: "button", href: `/planner?ask=${one.lon.toFixed(6)},${one.lat.toFixed(6)}&centre=${one.lat.toFixed(6)},${one.lon.toFixed(6)}&zoom=18` }, t("who.cameras")));
  const through = one.through_count > 1 ? make("p", { class: "muted" }, t("who.through", { count: number(one.through_count), grids: one.through.map((grid) => grid.code).join(COMMA) + (one.through_count > one.through.length ? " …" : "") })) : null;
  return make("li", { class: "who-item", tabIndex: 0, data: { index }, "aria-current": index === chosen ? "true" : null, onclick: (event) => { if (!event.target.closest("a, button")) show(index); } },
    make("div", { class: "who-title" }, make("b", { data: { from: "data" } }, one.text ?? `${one.lon.toFixed(6)}, ${one.lat.toFixed(6)}`), make("span", { class: "muted" }, t(`who.kind.${one.kind}`))),
    make("p", { data: { from: "data" } }, finest ? (one.team ? t("who.team", { team: one.team.team }) : t("who.no_team")) : t("who.no_grid")),
    one.grids.length ? make("dl", { class: "who-grids" }, ...one.grids.flatMap((grid) => [make("dt", {}, word(grid.level)), make("dd", { data: { from: "data" } }, named(grid))])) : null,
    one.border_m === null ? null : make("p", { class: "muted" }, t("who.border", { distance: number(one.border_m, 1) })), through, links);
}

function show(index) {
  chosen = index;
  const one = found[index];
  for (const row of byId("who-results").children) row.setAttribute("aria-current", String(Number(row.dataset.index) === index));
  if (!one) return;
  paint();
  map.setView([one.lat, one.lon], Math.max(map.getZoom(), 16));
}

function paint() {
  marks.clearLayers();
  const one = found[chosen];
  if (one) L.circleMarker([one.lat, one.lon], { interactive: false, radius: 9, color: colour("select"), weight: 3, fill: false }).addTo(marks);
}

async function search(text) {
  const wanted = text.trim();
  set({ find: wanted || null });
  if (!wanted) { close(); return; }
  try {
    const answer = await ask("/api/responsible", { query: { q: wanted, limit: LIMIT } });
    if (!answer) return;
    found = answer.results;
    chosen = -1;
    byId("who").hidden = false;
    byId("who-lead").textContent = found.length === 0 ? t("who.none") : answer.more ? t("who.more", { count: number(found.length) }) : t("who.count", { count: number(found.length) });
    byId("who-results").replaceChildren(...found.map(item));
    if (found.length) show(0); else marks.clearLayers();
  } catch (error) {
    fault(error, null);
  }
}

function close() {
  byId("who").hidden = true;
  found = [];
  chosen = -1;
  marks.clearLayers();
}

function pick(on) {
  picking = on;
  byId("who-pick").setAttribute("aria-pressed", String(on));
  map.getContainer().style.cursor = on ? "crosshair" : "";
  if (on) {
    byId("who").hidden = false;
    byId("who-lead").textContent = t("who.pick");
    if (narrow()) sheet("");
  }
}

function clicked(event) {
  if (!picking || map.dragging?.moved()) return;
  event.stopPropagation(); // before Leaflet: this click selects nothing
  pick(false);
  const { lat, lng } = map.mouseEventToLatLng(event);
  byId("who-text").value = `${lng.toFixed(6)},${lat.toFixed(6)}`;
  if (narrow()) sheet("right");
  search(byId("who-text").value);
}

function keys(event) {
  const rows = [...byId("who-results").children];
  const place = rows.indexOf(document.activeElement);
  if (event.key === "Escape") { byId("who-text").value = ""; set({ find: null }); close(); byId("who-text").focus(); }
  else if (event.key === "ArrowDown" && rows.length) { event.preventDefault(); rows[Math.min(rows.length - 1, place + 1)].focus(); show(Math.min(rows.length - 1, place + 1)); }
  else if (event.key === "ArrowUp" && place >= 0) { event.preventDefault(); if (place === 0) byId("who-text").focus(); else { rows[place - 1].focus(); show(place - 1); } }
  else if (event.key === "Enter" && place >= 0 && event.target === rows[place]) { event.preventDefault(); show(place); }
}

/** Ask anew: the data changed. */
export async function renewResponsible() {
  if (state.find) await search(state.find);
}

export function startResponsible() {
  byId("who-form").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); search(byId("who-text").value); });
  byId("who-text").addEventListener("input", (event) => { clearTimeout(timer); timer = setTimeout(() => search(event.target.value), WAIT_MS); });
  byId("who-form").addEventListener("keydown", keys);
  byId("who-results").addEventListener("keydown", keys);
  byId("who-close").addEventListener("click", () => { byId("who-text").value = ""; set({ find: null }); pick(false); close(); });
  byId("who-pick").addEventListener("click", () => pick(!picking));
  map.getContainer().addEventListener("click", clicked, true);
  onTheme(paint);
  const first = new URL(location.href).searchParams.get("find");
  if (first) byId("who-text").value = first;
  document.addEventListener("keydown", (event) => {
    if (typing(event) || event.key !== "/") return;
    event.preventDefault();
    if (narrow()) sheet("right");
    byId("who-text").focus();
  });
}
