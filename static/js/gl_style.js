// What the WebGL map looks like: the base map in quiet greys, and the styles of our own vector tiles.

import { colour, cover, drawCamera } from "./symbols.js";

const FONT = ["Noto Sans CJK SC"]; // drawn by the browser itself; where it is not installed, its own sans-serif
const KINDS = ["fixed", "ptz", "dome", "panoramic", "other"];
const STATES = { online: true, offline: false, unknown: null };

const RANKS = [0, 1, 2, 3, 4, 5];
const byRank = (value) => ["match", ["get", "rank"], ...RANKS.slice(1).flatMap((rank) => [rank, value(rank)]), value(0)];

/** The width of a street on the ground, at least what its rank shows: exact at whole zooms, and between them where the ground decides. */
function wide({ widths, least }, metresPerPx, extra = 0) {
  const stops = [];
  for (let zoom = 7; zoom <= 21; zoom += 1) stops.push(zoom, byRank((rank) => Math.min(Math.max(least[rank], (widths[rank] * 2 ** zoom) / metresPerPx), 60) + extra));
  return ["interpolate", ["exponential", 2], ["zoom"], ...stops];
}

/** Layers of the base map. `facts`: the object of /tiles/base.json. */
export function baseLayers(facts, theme) {
  const paint = facts.palettes[theme];
  const metresPerPx = facts.metres_per_px;
  const layers = [{ id: "water", type: "fill", source: "base", "source-layer": "water", paint: { "fill-color": paint.water } }];
  const { first, far } = facts.streets;
  const shown = (from) => [">=", ["zoom"], byRank((rank) => from(rank) - 1)];
  const line = (id, filter, tone, extra, more = {}) => layers.push({
    id, type: "line", source: "base", "source-layer": "street", filter: ["all", filter, shown(more.from ?? ((rank) => first[rank]))], ...more.zooms,
    layout: { "line-cap": "round", "line-join": "round", "line-sort-key": ["get", "rank"] },
    paint: { "line-color": tone, "line-width": wide(facts.streets, metresPerPx, extra) },
  });
  // Up to zoom `far` main streets are dark lines; nearer they have a casing.
  const near = (rank) => (rank >= 3 ? Math.max(first[rank], far + 1) : first[rank]);
  const street = [">", ["get", "rank"], 0];
  line("path", ["==", ["get", "rank"], 0], paint.path, 0, { zooms: { minzoom: first[0] - 1 } });
  line("casing", street, paint.casing, 1.6, { from: near });
  line("far", [">=", ["get", "rank"], 3], paint.far, 0, { zooms: { maxzoom: far } });
  line("street", street, byRank((rank) => (rank >= 3 ? paint.main : paint.street)), 0, { from: near });
  layers.push(
    { id: "building", type: "fill", source: "base", "source-layer": "building", minzoom: facts.buildings.first - 1, paint: {
      // Outlines cost as much as the areas; from far they would not be seen.
      "fill-color": paint.building, "fill-antialias": ["step", ["zoom"], false, facts.buildings.first, true], "fill-outline-color": paint.outline } },
  );
  for (const [id, ranks, minzoom] of [["names", [0, 1, 2], 15], ["names-main", [3, 4, 5], 13.5]]) {
    layers.push({
      id, type: "symbol", source: "base", "source-layer": "street", minzoom,
      filter: ["all", ["has", "name"], ["in", ["get", "rank"], ["literal", ranks]]],
      layout: {
        "symbol-placement": "line", "symbol-spacing": 420, "text-field": ["get", "name"], "text-font": FONT, "text-size": 14,
        "text-max-angle": 25, "text-padding": 6, "symbol-sort-key": ["-", ["get", "rank"]],
      },
      paint: { "text-color": paint.text, "text-halo-color": paint.halo, "text-halo-width": 2 },
    });
  }
  return layers;
}

function canvas(side, draw, ratio = Math.min(Math.ceil(devicePixelRatio || 1), 2)) {
  const box = document.createElement("canvas");
  box.width = box.height = side * ratio;
  const pen = box.getContext("2d", { willReadFrequently: true });
  pen.scale(ratio, ratio);
  draw(pen, side);
  return { data: pen.getImageData(0, 0, side * ratio, side * ratio), ratio };
}

/** Diagonal stripes; the picture repeats without a seam. */
function stripes(tone, side, width, ground = null) {
  return canvas(side, (pen) => {
    if (ground) { pen.globalAlpha = 0.14; pen.fillStyle = ground; pen.fillRect(0, 0, side, side); pen.globalAlpha = 1; }
    pen.strokeStyle = tone;
    pen.lineWidth = width;
    pen.beginPath();
    for (const offset of [-side, 0, side]) { pen.moveTo(offset - 2, side + 2); pen.lineTo(offset + side + 2, -2); }
    pen.stroke();
  });
}

/** The pictures that the styles name, in the present theme's colours. */
export function images() {
  const made = { "hatch-possible": stripes(colour("view"), 8, 1.6, colour("view")) };
  for (const kind of KINDS) {
    for (const [state, online] of Object.entries(STATES)) {
      for (const [size, radius] of [["small", 3], ["large", 5.5]]) {
        made[`camera-${kind}-${state}-${size}`] = canvas(24, (pen) => drawCamera(pen, 12, 12, { kind, online, radius }));
      }
    }
  }
  for (const width of [30, 60, 90, 120]) {
    made[`wedge-${width}`] = canvas(44, (pen) => {
      const half = (width / 2) * (Math.PI / 180);
      pen.beginPath();
      pen.moveTo(22, 22);
      pen.arc(22, 22, 19, -Math.PI / 2 - half, -Math.PI / 2 + half);
      pen.closePath();
      pen.globalAlpha = 0.45; pen.fillStyle = colour("camera"); pen.fill();
      pen.globalAlpha = 1; pen.strokeStyle = colour("camera"); pen.lineWidth = 1; pen.stroke();
    });
  }
  return made;
}

const hovered = (on, off) => ["case", ["boolean", ["feature-state", "hover"], false], on, off];

/** Styles of our own tiles, each a function of the theme; for gl.addVector. */
export const styles = {
  /** Tile layers grid (symbol, code, blind_share), certain, possible, blind. Where a tile holds areas its grids have no symbol. */
  coverage: () => [
    { id: "grid", type: "fill", "source-layer": "grid", paint: {
      "fill-color": ["match", ["get", "symbol"], ...[0, 1, 2, 3, 4].flatMap((n) => [`blind-${n}`, colour(`blind-${n}`)]), colour("no-data")],
      "fill-opacity": ["case", ["has", "symbol"], hovered(0.7, cover("blind-0")), 0] } },
    { id: "blind", type: "fill", "source-layer": "blind", paint: { "fill-color": colour("blind-3"), "fill-opacity": hovered(0.62, 0.42), "fill-antialias": false } },
    { id: "possible", type: "fill", "source-layer": "possible", paint: { "fill-pattern": "hatch-possible", "fill-opacity": 0.8 } },
    { id: "certain", type: "fill", "source-layer": "certain", paint: { "fill-color": colour("view"), "fill-opacity": 0.5 } },
    { id: "certain-line", type: "line", "source-layer": "certain", minzoom: 15, paint: { "line-color": colour("view"), "line-width": 1 } },
    { id: "grid-line", type: "line", "source-layer": "grid", paint: { "line-color": colour("grid-line"), "line-width": hovered(2, 0.7),
      "line-opacity": ["interpolate", ["linear"], ["zoom"], 10, hovered(1, 0.2), 13, hovered(1, 0.55)] } },
  ],
  /** Tile layer view (camera, state). */
  views: () => [
    { id: "possible", type: "fill", "source-layer": "view", filter: ["==", ["get", "state"], "possible"], paint: { "fill-pattern": "hatch-possible", "fill-opacity": 0.8 } },
    { id: "certain", type: "fill", "source-layer": "view", filter: ["==", ["get", "state"], "certain"], paint: { "fill-color": colour("view"), "fill-opacity": hovered(0.6, 0.35) } },
    { id: "line", type: "line", "source-layer": "view", paint: { "line-color": colour("view"), "line-width": hovered(2.5, 0.8), "line-opacity": 0.8 } },
  ],
  /** Tile layer blindspot (rank, grid, blind_m2, incidents_unseen). */
  blindspots: () => [
    { id: "fill", type: "fill", "source-layer": "blindspot", paint: { "fill-color": colour("blind-3"), "fill-opacity": hovered(0.65, 0.4) } },
    { id: "line", type: "line", "source-layer": "blindspot", paint: { "line-color": colour("blind-4"), "line-width": hovered(2.5, 1) } },
  ],
  /** Tile layer camera (id, name, kind, state, azimuth, hfov; `count` for several together). */
  cameras: () => [
    { id: "cluster", type: "circle", "source-layer": "camera", filter: ["has", "count"], paint: {
      "circle-color": colour("camera"), "circle-opacity": 0.85, "circle-stroke-color": colour("halo"), "circle-stroke-width": 2,
      "circle-radius": ["interpolate", ["linear"], ["log10", ["get", "count"]], 0.3, 11, 4, 24] } },
    { id: "cluster-count", type: "symbol", "source-layer": "camera", filter: ["has", "count"], layout: {
      "text-field": ["case", [">=", ["get", "count"], 10000], ["concat", ["to-string", ["round", ["/", ["get", "count"], 1000]]], "k"], ["to-string", ["get", "count"]]],
      "text-font": FONT, "text-size": 14, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": colour("surface") } },
    { id: "wedge", type: "symbol", "source-layer": "camera", minzoom: 14, filter: ["has", "azimuth"], layout: {
      "icon-image": ["step", ["coalesce", ["get", "hfov"], 60], "wedge-30", 45, "wedge-60", 75, "wedge-90", 105, "wedge-120"],
      "icon-rotate": ["get", "azimuth"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true } },
    { id: "one", type: "symbol", "source-layer": "camera", filter: ["!", ["has", "count"]], layout: {
      "icon-image": ["step", ["zoom"], ["concat", "camera-", ["get", "kind"], "-", ["get", "state"], "-small"], 14, ["concat", "camera-", ["get", "kind"], "-", ["get", "state"], "-large"]],
      "icon-allow-overlap": true, "icon-ignore-placement": true } },
  ],
};
