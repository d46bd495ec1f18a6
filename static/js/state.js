// The full view of a map page, kept in the address: what is in it can be sent to a colleague.

import { firstStatus } from "./i18n.js";

// The heat map of a large city opens with a radius that can be seen on it.
const NUMBERS = { near_m: 15, assumed_range_m: 50, radius_m: firstStatus?.heat_radius_m ?? 120, target_height_m: 1.6, size_m: 0, steps: 12, q: 0.05,
  opacity: 75, w_incidents: 50, w_area: 15, w_population: 20, w_streets: 15, w_places: 0, w_cameras: 0, load_low: 0.5, load_high: 1.5, section_m: 300, section_incidents: 0, divide_count: 0, divide_m2: 0, days_before: 90, days_after: 90, ring_m: 200, place_m: 250 };
const TEXTS = ["level", "parent", "from", "to", "hours", "weekdays", "metric", "method", "selected", "tab", "edition", "task", "measure", "list", "group", "ask", "line", "scenario", "against", "against_from", "against_to", "by", "unit", "step",
  "kernel", "weight", "ramp",
  "compare", "treated", "control", "measured_on", "place",
  "kind", "severity", "at_level", "find", "draft", "division", "state", "balance_by", "divide", "divide_parent", "divide_view",
  "panel", "of", "play", "play_from", "play_to", "speed", "span", "scale_from", "scale_to"];
/** What selects incidents: every figure of incidents depends on these. */
export const CHOICE = ["from", "to", "category", "hours", "weekdays"];
const DEFAULTS = { division: "today", metric: "per_km2", method: "quantiles", edition: "2014", measure: "open", list: "cameras", group: "grids", against: "previous", by: "grids", balance_by: "grids", unit: "hex", step: "week", compare: "windows", state: "open",
  kernel: "quartic", weight: "none", ramp: "rose",
  panel: "brush", play: "week", speed: "1" };

/** The state; change it by `set`. `centre` is [lat, lon]; `layers` null until the reader changes what the page opens with. */
export const state = { centre: null, zoom: null, layers: null, category: [], online_only: false };

const listeners = new Set();

/** What every field is where an address does not say otherwise. */
export const defaults = () => ({ ...Object.fromEntries(TEXTS.map((name) => [name, DEFAULTS[name] ?? null])), ...NUMBERS });

export function read() {
  const query = new URL(location.href).searchParams;
  Object.assign(state, defaults());
  for (const name of TEXTS) if (query.has(name)) state[name] = query.get(name);
  for (const name of Object.keys(NUMBERS)) {
    const value = Number(query.get(name));
    if (query.has(name) && Number.isFinite(value)) state[name] = value;
  }
  state.category = query.getAll("category");
  state.online_only = query.get("online_only") === "1";
  state.layers = query.has("layers") ? query.get("layers").split(",").filter(Boolean) : null;
  const centre = (query.get("centre") ?? "").split(",").map(Number);
  if (centre.length === 2 && centre.every(Number.isFinite) && Math.abs(centre[0]) <= 90) state.centre = centre;
  const zoom = Number(query.get("zoom"));
  if (query.has("zoom") && Number.isFinite(zoom)) state.zoom = zoom;
}

/** Return the address of the present view. */
export function address() {
  const query = new URLSearchParams();
  if (state.centre) query.set("centre", state.centre.map((value) => value.toFixed(6)).join(","));
  if (state.zoom !== null) query.set("zoom", String(state.zoom));
  if (state.layers) query.set("layers", state.layers.join(","));
  for (const name of TEXTS) if (state[name] && state[name] !== DEFAULTS[name]) query.set(name, state[name]);
  for (const [name, fallback] of Object.entries(NUMBERS)) if (state[name] !== fallback) query.set(name, String(state[name]));
  for (const name of state.category) query.append("category", name);
  if (state.online_only) query.set("online_only", "1");
  const text = query.toString().replaceAll("%2C", ",");
  return `${location.origin}${location.pathname}${text ? `?${text}` : ""}`;
}

let timer = null;

/** Change the state, tell the listeners which fields changed, and put the view into the address. */
export function set(changes) {
  const changed = new Set();
  for (const [name, value] of Object.entries(changes)) {
    if (JSON.stringify(state[name]) !== JSON.stringify(value)) {
      state[name] = value;
      changed.add(name);
    }
  }
  if (changed.size === 0) return;
  for (const listener of listeners) listener(changed);
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState(null, "", address()), 120);
}

export function onChange(listener) {
  listeners.add(listener);
}

/** Return the query of the fields that a request depends on. */
export function queryOf(names, map) {
  const query = {};
  for (const name of names) {
    if (name === "bbox") {
      const box = map.getBounds();
      query.bbox = [box.getWest(), Math.max(box.getSouth(), -85), box.getEast(), Math.min(box.getNorth(), 85)]
        .map((value) => value.toFixed(6)).join(",");
    } else if (name === "zoom") query.zoom = Math.round(map.getZoom());
    else if (name === "online_only") query.online_only = state.online_only ? 1 : null;
    else query[name] = state[name];
  }
  return query;
}
