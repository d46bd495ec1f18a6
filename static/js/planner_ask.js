// Tools that own the map's clicks: "which cameras see this place" and "what is seen along a line". Keyboard: the cross.
/* global L */

import { byId, narrow } from "./dom.js";
import { gl } from "./gl.js";
import { t } from "./i18n.js";
import { map } from "./map.js";
import { sheet } from "./panel.js";
import { typing } from "./shell.js";
import { set, state } from "./state.js";
import { colour } from "./symbols.js";

const PANE = "ask";
map.createPane(PANE).style.zIndex = "640";
map.getPane(PANE).style.pointerEvents = "none";
export const askPane = { pane: PANE, renderer: L.svg({ pane: PANE }), interactive: false };

const sketch = L.layerGroup().addTo(map);
const text = ([lon, lat]) => `${lon.toFixed(6)},${lat.toFixed(6)}`;
const placed = (at) => [at.lng, at.lat];
let tool = null; // "point", "line", or the name of a claim
let ended = null;
let points = [];

/** Take the map's clicks for a tool of another module; `stop` runs when another tool takes them. */
export function claim(name, stop) {
  if (tool === name) return;
  leave();
  tool = name;
  ended = stop;
  gl.hush(true);
}

/** Give the map's clicks back. */
export function release(name) {
  if (tool !== name) return;
  tool = ended = null;
  gl.hush(false);
}

function show() {
  gl.hush(tool !== null); // what lies below would hide what the tool is used on
  const mine = tool === "point" || tool === "line";
  byId("ask-point").setAttribute("aria-pressed", String(tool === "point"));
  byId("ask-line").setAttribute("aria-pressed", String(tool === "line"));
  byId("tool").hidden = !mine;
  if (!mine) byId("cross").hidden = true;
  byId("tool-undo").hidden = tool !== "line" || points.length === 0;
  byId("tool-done").hidden = tool !== "line" || points.length < 2;
  map.getContainer().parentElement.classList.toggle("asking", mine);
  if (mine) byId("tool-hint").textContent = t(tool === "point" ? "ask.point" : points.length ? "ask.line.next" : "ask.line.first");
  drawSketch();
}

function drawSketch() {
  sketch.clearLayers();
  if (tool !== "line" || !points.length) return;
  const path = points.map(([lon, lat]) => [lat, lon]);
  L.polyline(path, { ...askPane, color: colour("halo"), weight: 6 }).addTo(sketch);
  L.polyline(path, { ...askPane, color: colour("select"), weight: 2.5, dashArray: "6 4" }).addTo(sketch);
  for (const at of path) L.circleMarker(at, { ...askPane, radius: 4, color: colour("select"), fillColor: colour("halo"), fillOpacity: 1, weight: 2 }).addTo(sketch);
}

function leave() {
  const stop = ended;
  tool = null;
  ended = null;
  points = [];
  show();
  stop?.();
}

function take(name, { keyboard = false } = {}) {
  if (tool === name) {
    leave();
    return;
  }
  leave();
  tool = name;
  show();
  byId("cross").hidden = !keyboard;
  // The keyboard moves the map under the cross by arrow keys.
  map.getContainer().focus({ preventScroll: true });
  if (narrow()) sheet("");
}

function ask(point) {
  set({ ask: text(point), line: null, selected: null });
}

function add(point) {
  const last = points.at(-1);
  if (last && text(last) === text(point)) finish();
  else {
    points.push(point);
    show();
  }
}

function finish() {
  if (points.length < 2) return;
  set({ line: points.map(text).join(";"), ask: null, selected: null });
  leave();
}

function clicked(event) {
  if (tool !== "point" && tool !== "line") return;
  // Before Leaflet: a click of the tool selects nothing. The click that ends a drag is none.
  event.stopPropagation();
  if (map.dragging?.moved()) return;
  const at = placed(map.mouseEventToLatLng(event));
  if (tool === "point") ask(at);
  else if (event.detail <= 1) add(at);
}

function keys(event) {
  if (typing(event)) return;
  if (event.key === "q") take("point", { keyboard: true });
  else if (event.key === "l") take("line", { keyboard: true });
  else if (tool !== "point" && tool !== "line") return;
  else if (event.key === "Escape") {
    event.stopImmediatePropagation();
    leave();
  } else if (event.key === "Enter" && event.target === map.getContainer()) {
    event.preventDefault();
    const at = placed(map.getCenter());
    if (tool === "point") ask(at);
    else add(at);
  } else if (event.key === "Backspace" && tool === "line") {
    points.pop();
    show();
  }
}

export function startAsk() {
  const box = map.getContainer();
  box.addEventListener("click", clicked, true);
  box.addEventListener("dblclick", (event) => {
    if (tool !== "point" && tool !== "line") return;
    event.stopPropagation();
    if (tool === "line") finish();
  }, true);
  // Before the shell's own Escape, which would clear the selection.
  document.addEventListener("keydown", keys, true);
  // A click without a pointer's detail is the keyboard's: then the cross is needed.
  byId("ask-point").addEventListener("click", (event) => take("point", { keyboard: event.detail === 0 }));
  byId("ask-line").addEventListener("click", (event) => take("line", { keyboard: event.detail === 0 }));
  byId("tool-stop").addEventListener("click", leave);
  byId("tool-done").addEventListener("click", finish);
  byId("tool-undo").addEventListener("click", () => { points.pop(); show(); });
  box.addEventListener("pointermove", (event) => { if (event.movementX || event.movementY) byId("cross").hidden = true; });
  box.addEventListener("keydown", (event) => { if (event.key.startsWith("Arrow") && (tool === "point" || tool === "line")) byId("cross").hidden = false; });
}

/** The question of the address: {point} or {line}, each [lon, lat]; null for none. */
export function question() {
  const pair = (part) => part.split(",").map(Number);
  const good = (point) => point.length === 2 && point.every(Number.isFinite) && Math.abs(point[1]) <= 90 && Math.abs(point[0]) <= 180;
  if (state.ask) {
    const point = pair(state.ask);
    return good(point) ? { point } : null;
  }
  if (state.line) {
    const line = state.line.split(";").map(pair);
    return line.length >= 2 && line.every(good) ? { line } : null;
  }
  return null;
}
