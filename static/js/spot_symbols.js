// How hot and cold spots are drawn: the side by colour and outline, the pattern over time by strokes that stay apart without colour.

import { colour } from "./symbols.js";

const TILE = 10;
const kept = new Map();

/** "hot-new" -> ["hot", "new"]; "none" -> ["none", ""]. */
const parts = (kind) => { const [side, pattern = ""] = kind.split("-"); return [side, pattern]; };
const inkOf = (side) => colour(side === "hot" ? "spot-hot" : "spot-cold");

/** Strokes of each pattern on a square tile: rising lines rise, falling ones fall, level ones stay. */
const STROKES = {
  consecutive: (pen, s) => { for (const x of [s / 4, (3 * s) / 4]) { pen.moveTo(x, 0); pen.lineTo(x, s); } },
  persistent: (pen, s) => { for (const y of [s / 4, (3 * s) / 4]) { pen.moveTo(0, y); pen.lineTo(s, y); } },
  intensifying: (pen, s) => { for (const at of [0, s]) { pen.moveTo(at - s - 1, s + 1); pen.lineTo(at + 1, -1); pen.moveTo(at - 1, s + 1); pen.lineTo(at + s + 1, -1); } },
  diminishing: (pen, s) => { for (const at of [0, s]) { pen.moveTo(at - s - 1, -1); pen.lineTo(at + 1, s + 1); pen.moveTo(at - 1, -1); pen.lineTo(at + s + 1, s + 1); } },
  oscillating: (pen, s) => { pen.moveTo(0, s / 4); pen.lineTo(s / 2, (3 * s) / 4); pen.lineTo(s, s / 4); },
  sporadic: (pen, s) => { for (const [x, y] of [[s / 4, s / 4], [(3 * s) / 4, (3 * s) / 4]]) { pen.moveTo(x + 1.4, y); pen.arc(x, y, 1.4, 0, 7); } },
};

/** Return the fill of a kind for a canvas; its strength is in it. */
export function spotFill(context, kind) {
  const [side, pattern] = parts(kind);
  if (side === "none") return colour("ramp-zero");
  const ink = inkOf(side);
  if (pattern === "new") return ink;
  const key = `${kind} ${ink}`;
  if (!kept.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = TILE;
    const pen = tile.getContext("2d");
    pen.globalAlpha = { "": 0.5, historical: 0.16 }[pattern] ?? 0.22;
    pen.fillStyle = ink;
    pen.fillRect(0, 0, TILE, TILE);
    pen.globalAlpha = 1;
    pen.strokeStyle = pen.fillStyle = ink;
    pen.lineWidth = 1.8;
    pen.beginPath();
    STROKES[pattern]?.(pen, TILE);
    pen.stroke();
    kept.set(key, context.createPattern(tile, "repeat"));
  }
  return kept.get(key);
}

/** Return the style of a place on the map: hot spots have a solid outline, cold ones a broken one. */
export function spotStyle(kind) {
  const [side, pattern] = parts(kind);
  const pen = document.createElement("canvas").getContext("2d");
  if (side === "none") return { fillColor: spotFill(pen, kind), fillOpacity: 0.2, color: colour("line-strong"), weight: 0.5, opacity: 0.35 };
  return { fillColor: spotFill(pen, kind), fillOpacity: pattern === "new" ? 0.75 : 0.9, color: inkOf(side), weight: side === "hot" ? 1.4 : 1.2, opacity: 1, dashArray: side === "cold" ? "4 3" : null };
}

/** Draw a kind on a swatch of 22 px. */
export function drawSpot(pen, kind) {
  const [side] = parts(kind);
  pen.beginPath(); pen.rect(2, 4, 18, 14);
  pen.fillStyle = colour("map-bg"); pen.fill();
  pen.globalAlpha = side === "none" ? 0.6 : 0.95; pen.fillStyle = spotFill(pen, kind); pen.fill(); pen.globalAlpha = 1;
  pen.lineWidth = 1.4; pen.strokeStyle = side === "none" ? colour("line-strong") : inkOf(side);
  if (side === "cold") pen.setLineDash([3, 2]);
  pen.stroke();
  pen.setLineDash([]);
}
