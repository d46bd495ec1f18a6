// The tiles of the heat map: what their address depends on, and when they are on the map.

import { CHOICE, state } from "./state.js";

/** What the tiles depend on. */
export const TILES_DEPEND = [...CHOICE, "scale_from", "scale_to", "radius_m", "kernel", "weight", "ramp"];

/** Return the query of the tiles as the state asks. */
export function tileQuery(theme, revision) {
  const query = new URLSearchParams();
  for (const name of CHOICE) if (name !== "category" && state[name]) query.set(name, state[name]);
  for (const name of state.category) query.append("category", name);
  for (const name of ["radius_m", "kernel", "weight", "ramp"]) query.set(name, state[name]);
  for (const name of ["scale_from", "scale_to"]) if (state[name]) query.set(name, state[name]);
  query.set("theme", theme);
  query.set("scale", "2"); // pictures of 512 px, as the layer is made for: a quarter of the requests
  query.set("v", revision);
  return query;
}

/** Show tiles of another address. Leaflet's own redraw asks for tiles of a fractional zoom. */
export function point(map, tileLayer, url) {
  if (tileLayer._url === url && map.hasLayer(tileLayer)) return;
  tileLayer.remove();
  tileLayer.setUrl(url, true).addTo(map);
}

/** Resolve when all that the layers ask for is on the map, after `mostMs` in any case. */
export function allLoaded(layers, mostMs) {
  return Promise.all(layers.filter((one) => one.isLoading()).map((one) => new Promise((resolve) => {
    const done = () => { clearTimeout(late); one.off("load", drawn); resolve(); };
    const drawn = () => requestAnimationFrame(() => requestAnimationFrame(done)); // not only there: seen
    const late = setTimeout(done, mostMs);
    one.on("load", drawn);
  })));
}
