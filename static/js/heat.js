// The heat map: its controls, the bandwidth that the data ask for, the value under the pointer.

import { latest } from "./api.js";
import { byId, make } from "./dom.js";
import { number, rounded, t } from "./i18n.js";
import { isOn, layer, map } from "./map.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { colour } from "./symbols.js";
import { fault } from "./workspace.js";

/** What the picture depends on. */
export const HEAT = [...CHOICE, "radius_m", "kernel", "weight"];
const REST_MS = 90;
/** Set the controls as the state says. */
export function fillHeat() {
  byId("kernel").value = state.kernel;
  byId("ramp").value = state.ramp;
  byId("weight").checked = state.weight === "severity";
  byId("opacity").value = state.opacity;
  byId("opacity-now").textContent = `${number(state.opacity)} %`;
  if (Number(byId("radius_m").value) !== state.radius_m) byId("radius_m").value = state.radius_m;
  byId("radius-label").textContent = t(state.kernel === "gaussian" ? "heat.deviation" : "heat.radius");
}

// --- the bandwidth --------------------------------------------------------------------------------------------------

const fetchBandwidth = latest();

/** Draw the curve of the cross-validation: likelihood over radius, the top marked. */
function curve({ curve: points, radius_m: best }) {
  const known = points.filter((point) => point.score !== null);
  const [width, height, foot] = [232, 70, 20];
  const low = Math.min(...known.map((point) => point.score)), high = Math.max(...known.map((point) => point.score));
  const [first, last] = [Math.log(known[0].radius_m), Math.log(known.at(-1).radius_m)];
  const x = (radius) => 4 + ((Math.log(radius) - first) / (last - first || 1)) * (width - 8);
  const y = (score) => 4 + (1 - (score - low) / (high - low || 1)) * (height - foot - 8);
  const canvas = make("canvas", { role: "img", "aria-label": t("heat.curve") });
  const scale = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.strokeStyle = colour("text");
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const point of known) pen.lineTo(x(point.radius_m), y(point.score));
  pen.stroke();
  pen.strokeStyle = colour("accent");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x(best), 2);
  pen.lineTo(x(best), height - foot);
  pen.stroke();
  pen.fillStyle = colour("muted");
  pen.font = `14px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = "bottom";
  pen.fillText(t("unit.m", { value: rounded(known[0].radius_m) }), 2, height - 1);
  pen.textAlign = "end";
  pen.fillText(t("unit.m", { value: number(known.at(-1).radius_m) }), width - 2, height - 1);
  return canvas;
}

function showBandwidth(found) {
  const box = byId("bandwidth-answer");
  box.hidden = false;
  if (found.state !== "ok") {
    box.replaceChildren(make("p", { class: "muted" }, t("heat.few", { fewest: number(found.fewest) })));
    return;
  }
  const said = t("heat.chosen", { radius: number(state.radius_m), incidents: number(found.incidents), sampled: number(found.sampled) });
  box.replaceChildren(curve(found), make("p", { class: "muted" }, said), found.at_edge ? make("p", { class: "muted" }, t("heat.edge")) : "");
}

async function choose() {
  const button = byId("bandwidth");
  button.disabled = true;
  const slow = setTimeout(() => {
    byId("bandwidth-answer").hidden = false;
    byId("bandwidth-answer").replaceChildren(make("progress", { "aria-label": t("heat.working") }), make("p", { class: "muted" }, t("heat.working")));
  }, 400);
  try {
    const found = await fetchBandwidth("/api/heat/bandwidth", { query: queryOf([...CHOICE, "kernel"], map) });
    clearTimeout(slow);
    if (!found) return;
    if (found.state === "ok") set({ radius_m: Math.min(5000, Math.max(5, Math.round(found.radius_m))) });
    showBandwidth(found);
  } catch (error) {
    byId("bandwidth-answer").hidden = true;
    fault(error, choose);
  } finally {
    clearTimeout(slow);
    button.disabled = false;
  }
}

// --- the value under the pointer ------------------------------------------------------------------------------------

const fetchValue = latest();
let timer = null;
let at = null;

const readout = make("p", { class: "heat-value", id: "heat-value", role: "status", hidden: true, data: { from: "data" } });

async function read() {
  if (at === null || !isOn("heat") || !layer("heat")?.answer?.legend) {
    readout.hidden = true;
    return;
  }
  const { place, centre } = at;
  try {
    const found = await fetchValue("/api/heat/value", { quiet: true, query: { ...queryOf(HEAT, map), lon: place.lng.toFixed(6), lat: place.lat.toFixed(6) } });
    if (!found || at?.place !== place) return;
    const unit = t(found.weight === "severity" ? "unit.severity_per_km2" : "unit.incidents_per_km2");
    const value = found.inside ? t("heat.value", { value: rounded(found.per_km2), unit, share: number(100 * (found.share_of_peak ?? 0)) }) : t("heat.outside");
    readout.textContent = `${t(centre ? "heat.centre" : "heat.here")} ${value}`;
    readout.dataset.value = found.per_km2 ?? "";
    readout.hidden = false;
  } catch (error) {
    // A figure in passing is not worth a message; what is wrong is told by the layer itself.
    console.info("heat value:", error.message);
    readout.hidden = true;
  }
}

function ask(place, centre = false) {
  at = place ? { place: place.wrap(), centre } : null;
  clearTimeout(timer);
  timer = setTimeout(read, REST_MS);
}

export function startHeat() {
  byId("kernel").addEventListener("change", (event) => set({ kernel: event.target.value }));
  byId("ramp").addEventListener("change", (event) => set({ ramp: event.target.value }));
  byId("weight").addEventListener("change", (event) => set({ weight: event.target.checked ? "severity" : "none" }));
  byId("opacity").addEventListener("input", (event) => set({ opacity: Number(event.target.value) }));
  byId("bandwidth").addEventListener("click", choose);
  onChange((changed) => {
    fillHeat();
    if ([...CHOICE, "kernel"].some((name) => changed.has(name))) byId("bandwidth-answer").hidden = true;
    if (["layers", ...HEAT].some((name) => changed.has(name))) { clearTimeout(timer); timer = setTimeout(read, 2 * REST_MS); }
  });
  map.getContainer().after(readout);
  map.on("mousemove", (event) => ask(event.latlng));
  map.on("mouseout", () => ask(null));
  map.on("click", (event) => ask(event.latlng));
  // Without a pointer the map's middle is asked about: while the map has the focus, after each move.
  const middle = () => { if (document.activeElement === map.getContainer() && !map.getContainer().matches(":hover")) ask(map.getCenter(), true); };
  map.getContainer().addEventListener("focus", middle);
  map.getContainer().addEventListener("blur", () => { if (at?.centre) ask(null); });
  map.on("moveend", middle);
}
