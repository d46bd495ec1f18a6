// Incidents that just happened, on the map: a mark for each that came since the page was opened, a pulse for the newest.
/* global L */

import { byId, make, narrow } from "./dom.js";
import { moment, number, t, word } from "./i18n.js";
import { map } from "./map.js";
import { colour, onTheme } from "./symbols.js";
import { tip } from "./draw.js";
import { now } from "./shell.js";

const MOST = 200; // marks that are kept
const PULSES = 5; // drawn at a time, however many come
const PULSE_MS = 6000;
const pane = "live";
Object.assign(map.createPane(pane).style, { zIndex: 640 });
const marks = L.layerGroup().addTo(map);
const above = L.layerGroup().addTo(map);
// Not a canvas: one above the map would take the clicks meant for what lies below.
const renderer = L.svg({ pane });
const made = new Map();
let pulses = 0;

const at = (row) => [row.lat, row.lon];
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const look = () => ({ radius: 6, weight: 2, color: colour("halo"), fillColor: colour("live"), fillOpacity: 1, renderer, pane });

/** Draw a ring that widens and goes; it stands still where motion is not wanted. */
export function pulse(row, { long = false } = {}) {
  if (pulses >= PULSES && !long) return;
  pulses += 1;
  const icon = L.divIcon({ className: "", html: make("span", { class: still() ? "pulse still" : "pulse" }), iconSize: [0, 0] });
  const ring = L.marker(at(row), { icon, pane, interactive: false, keyboard: false }).addTo(map);
  setTimeout(() => { ring.remove(); pulses -= 1; }, PULSE_MS);
}

/** Mark incidents that came in, `pick(row)` is called when one is clicked. */
export function drawFresh(rows, pick) {
  for (const row of rows) {
    if (made.has(row.seq)) continue;
    const mark = L.circleMarker(at(row), look());
    mark.bindTooltip(() => tip(word(row.category), [moment(row.occurred_at ?? row.received_at, now()?.timezone ?? "UTC"), row.grid && `${t("col.grid")} ${row.grid.code}`]), { direction: "top", offset: [0, -6] });
    mark.on("click", (event) => { L.DomEvent.stopPropagation(event); pick(row); });
    made.set(row.seq, mark);
    marks.addLayer(mark);
  }
  for (const row of rows.slice(-PULSES)) pulse(row);
  for (const seq of [...made.keys()].slice(0, Math.max(0, made.size - MOST))) {
    made.get(seq).remove();
    marks.removeLayer(made.get(seq));
    made.delete(seq);
  }
}

/** Show one incident: the map goes there, a pulse, and lines to the cameras that see the place. */
export function showPlace(row, { zoom = 17, move = true } = {}) {
  above.clearLayers();
  if (!row) return;
  if (move) {
    const to = Math.max(map.getZoom(), zoom);
    // On a small screen the list lies over the lower part of the map: the place goes into what is left of it.
    const covered = narrow() && document.documentElement.dataset.sheet ? byId("right").offsetHeight : 0;
    map.setView(map.unproject(map.project(at(row), to).add([0, covered / 2]), to), to, { animate: !still() });
  }
  for (const camera of row.cameras ?? []) {
    const ends = [at(row), [camera.lat, camera.lon]];
    L.polyline(ends, { pane, renderer, color: colour("halo"), weight: 5, interactive: false }).addTo(above);
    L.polyline(ends, { pane, renderer, color: colour("view"), weight: 2.5, dashArray: camera.state === "certain" ? null : "5 5", interactive: false }).addTo(above);
    const end = L.circleMarker(ends[1], { pane, renderer, radius: 5, weight: 2, color: colour("halo"), fillColor: colour("camera"), fillOpacity: 1 }).addTo(above);
    end.bindTooltip(tip(camera.name ?? camera.id, [`${t(`state.${camera.state}`)} · ${number(camera.distance_m)} m`]), { direction: "top" });
  }
  L.circleMarker(at(row), { ...look(), radius: 8 }).addTo(above);
  pulse(row, { long: true });
}

onTheme(() => { for (const mark of made.values()) mark.setStyle(look()); });
