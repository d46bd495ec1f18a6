// Where a dragged node or a drawn point comes to rest: on a node, else on a border, else on a street, if one is near.

import { foot } from "./draft_index.js";
import { gl } from "./gl.js";

/** The streets that are drawn in the box of the screen around a point, as lists of places; none without WebGL. */
function streetsNear(map, at, reachPx) {
  if (!gl.map?.getStyle) return [];
  const layers = (gl.map.getStyle()?.layers ?? []).filter((one) => one["source-layer"] === "street" && one.type === "line").map((one) => one.id);
  if (!layers.length) return [];
  const { x, y } = gl.map.project([at.lon, at.lat]);
  const lines = [];
  for (const { geometry } of gl.map.queryRenderedFeatures([[x - reachPx, y - reachPx], [x + reachPx, y + reachPx]], { layers })) {
    const parts = geometry.type === "LineString" ? [geometry.coordinates] : geometry.type === "MultiLineString" ? geometry.coordinates : [];
    for (const part of parts) lines.push(part.map(([lon, lat]) => ({ lon, lat })));
  }
  return lines;
}

/** How many metres a pixel of the map is at a place. */
export function metresPerPixel(map, lat) {
  return (40075016.686 * Math.cos((lat * Math.PI) / 180)) / 256 / 2 ** map.getZoom();
}

/**
 * Return {lon, lat, on: "node" | "edge" | "street" | null}: `at` itself where nothing is within `reachPx`.
 *
 * `but`: nodes that do not attract (the dragged one); neither do the edges at them.
 */
export function snapped(map, topology, at, reachPx, but = null) {
  const reach = reachPx * metresPerPixel(map, at.lat);
  const node = topology.nodeNear(at, reach, but);
  if (node) return { lon: node.lon, lat: node.lat, on: "node" };
  const edge = topology.edgeNear(at, reach, but);
  if (edge) return { lon: edge.lon, lat: edge.lat, on: "edge" };
  let best = null;
  for (const line of streetsNear(map, at, reachPx)) {
    for (let i = 1; i < line.length; i += 1) {
      const found = foot(at, line[i - 1], line[i]);
      if (found.distance <= reach && (!best || found.distance < best.distance)) best = found;
    }
  }
  return best ? { lon: best.lon, lat: best.lat, on: "street" } : { ...at, on: null };
}
