// The style of the WebGL map's present state: the base map, and the layers of every source that was added.

import { baseLayers, images } from "./gl_style.js";
import { template } from "./gl_tiles.js";

const both = (one, other) => (one && other ? ["all", one, other] : one ?? other ?? null);

// Names lie above the areas of the data, its points above the names.
const height = (one) => (one.type !== "symbol" && one.type !== "circle" ? 0 : one.source === "base" ? 1 : 2);

/** The filter of a layer: its own and the one that was set. */
export const filterOf = (entry, one) => both(one.filter, entry.filters.get(one.id));

/** Ids in the style of the layers of an entry. */
export const idsOf = (name, entry, theme) => entry.layers(theme).map((one) => `${name}-${one.id}`);

/** The whole style; MapLibre applies the difference. `base`: the object of /tiles/base.json, null while there is none. */
export function styleOf(base, entries, theme) {
  const sources = {};
  const layers = [];
  if (base) {
    layers.push({ id: "ground", type: "background", paint: { "background-color": base.palettes[theme].ground } });
    sources.base = { type: "vector", minzoom: base.minzoom, maxzoom: base.maxzoom, bounds: base.bounds, tiles: [template("base")] };
    layers.push(...baseLayers(base, theme));
  }
  for (const [name, entry] of entries) {
    if (!entry.url) continue;
    sources[name] = { type: "vector", minzoom: entry.minzoom, maxzoom: entry.maxzoom, tiles: [template(name)] };
    if (entry.promoteId) sources[name].promoteId = entry.promoteId;
    for (const one of entry.layers(theme)) {
      const made = { ...one, id: `${name}-${one.id}`, source: name };
      const filter = filterOf(entry, one);
      if (filter) made.filter = filter;
      made.layout = { ...one.layout, visibility: entry.visible ? "visible" : "none" };
      layers.push(made);
    }
  }
  layers.sort((one, other) => height(one) - height(other));
  return { version: 8, sources, layers };
}

let painted = null; // theme of the pictures the map has

/** Give the map the pictures that styles name, once for each theme. */
export function paintImages(map, theme) {
  if (painted === theme) return;
  for (const name of map.listImages()) map.removeImage(name);
  for (const [name, picture] of Object.entries(images())) map.addImage(name, picture.data, { pixelRatio: picture.ratio });
  painted = theme;
}
