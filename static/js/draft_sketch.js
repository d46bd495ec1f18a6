// A small picture of two versions of the same grids, one over the other: in a dialog, where the map is covered.

import { make } from "./dom.js";
import { colour } from "./symbols.js";

const [WIDTH, HEIGHT, EDGE] = [520, 220, 10];
/** How each part is drawn: yours full, what is kept dashed, a step that is not kept dark. */
const STYLE = {
  mine: () => ({ line: colour("accent"), fill: colour("accent"), width: 2, dash: [] }),
  theirs: () => ({ line: colour("bad"), fill: colour("bad"), width: 2, dash: [5, 4] }),
  meant: () => ({ line: colour("select"), fill: null, width: 3, dash: [] }),
};

function ringsOf(geometry) {
  if (!geometry) return [];
  if (geometry.type === "Polygon") return geometry.coordinates;
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
  if (geometry.type === "LineString") return [geometry.coordinates];
  return [];
}

/** Return the picture; `parts` = [{name, geometries}], drawn in this order, `name` a style; null where there is nothing to draw. */
export function sketch(parts, label) {
  const places = parts.flatMap(({ geometries }) => geometries.flatMap(ringsOf).flat());
  if (!places.length) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of places) [west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)];
  const narrower = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((WIDTH - 2 * EDGE) / Math.max((east - west) * narrower, 1e-9), (HEIGHT - 2 * EDGE) / Math.max(north - south, 1e-9));
  const [left, top] = [(WIDTH - (east - west) * narrower * scale) / 2, (HEIGHT - (north - south) * scale) / 2];
  const sharp = devicePixelRatio || 1;
  const picture = make("canvas", { class: "sketch", role: "img", "aria-label": label, width: WIDTH * sharp, height: HEIGHT * sharp });
  const pen = picture.getContext("2d");
  pen.scale(sharp, sharp);
  for (const { name, geometries } of parts) {
    const { line, fill, width, dash } = STYLE[name]();
    Object.assign(pen, { strokeStyle: line, lineWidth: width, fillStyle: fill ?? line });
    pen.setLineDash(dash);
    for (const geometry of geometries) {
      pen.beginPath();
      for (const ring of ringsOf(geometry)) ring.forEach(([lon, lat], i) => pen[i ? "lineTo" : "moveTo"](left + (lon - west) * narrower * scale, top + (north - lat) * scale));
      if (fill) { pen.globalAlpha = 0.12; pen.fill("evenodd"); pen.globalAlpha = 1; }
      pen.stroke();
    }
  }
  return picture;
}
