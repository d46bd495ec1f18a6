// How each symbol token of a legend is drawn, on the map and beside a text. Shapes stay apart without colour.

import { drawSpot } from "./spot_symbols.js";

let colours = null;
const patterns = new Map();
const themed = new Set();

/** Return the colour of a token of the style sheet in the present theme. */
export function colour(name) {
  colours ??= getComputedStyle(document.documentElement);
  return colours.getPropertyValue(`--${name}`).trim();
}

export function onTheme(run) {
  themed.add(run);
}

/** Forget the colours after the theme changed and redraw what depends on them. */
export function themeChanged() {
  colours = null;
  patterns.clear();
  for (const run of themed) run();
}

/** Return a hatched fill for a canvas. */
export function hatch(context, name, spacing = 6, width = 1.4) {
  const key = `${name} ${spacing} ${width}`;
  if (!patterns.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = spacing * 2;
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour(name);
    pen.lineWidth = width * 1.4;
    pen.beginPath();
    for (const offset of [-spacing * 2, 0, spacing * 2]) {
      pen.moveTo(offset - 1, spacing * 2 + 1);
      pen.lineTo(offset + spacing * 2 + 1, -1);
    }
    pen.moveTo(-1, 1); pen.lineTo(1, -1);
    pen.moveTo(spacing * 2 - 1, spacing * 2 + 1); pen.lineTo(spacing * 2 + 1, spacing * 2 - 1);
    pen.stroke();
    patterns.set(key, context.createPattern(tile, "repeat"));
  }
  return patterns.get(key);
}

/** Return the fill of a class of change for a canvas: fewer is striped, so that a grey print tells it from more. */
export function changeFill(context, token) {
  if (!token.startsWith("change-down")) return colour(token);
  const key = `stripes ${token}`;
  if (!patterns.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.fillStyle = colour(token); pen.fillRect(0, 0, 6, 6);
    pen.fillStyle = colour("halo"); pen.fillRect(0, 0, 6, 1.5);
    patterns.set(key, context.createPattern(tile, "repeat"));
  }
  return patterns.get(key);
}

/** Return how an area of a measure is drawn: the treated ones in the accent, the control ones grey, the rings dashed. */
export function measureStyle(area) {
  const ring = area.endsWith("ring");
  return { color: colour(area.startsWith("control") ? "text" : "accent"), weight: ring ? 1.6 : 2.6, dashArray: ring ? "5 4" : null, fillOpacity: ring ? 0.1 : 0.25 };
}

/** Return how a finding is drawn: an error full, a warning hatched, a note dashed, so that they stay apart in grey. */
export function findingStyle(severity) {
  if (severity === "error") return { color: colour("bad"), weight: 2, fillColor: colour("bad"), fillOpacity: 0.4 };
  if (severity === "warning") return { color: colour("warn-line"), weight: 1.6, fillColor: hatch(document.createElement("canvas").getContext("2d"), "warn-line", 5, 1), fillOpacity: 0.6 };
  return { color: colour("muted"), weight: 1.4, dashArray: "4 3", fillColor: colour("muted"), fillOpacity: 0.08 };
}

/** Draw a camera: shape by kind, fill by state, wedge by direction. */
export function drawCamera(pen, x, y, { kind, online, azimuth = null, width = null, tolerance = 0, selected = false, radius = 6 }) {
  const main = colour("camera"), paper = colour("halo");
  if (azimuth !== null) {
    const half = ((Math.min(width ?? 60, 120) / 2 + (tolerance || 0)) * Math.PI) / 180;
    const middle = ((azimuth - 90) * Math.PI) / 180;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.arc(x, y, 19, middle - half, middle + half);
    pen.closePath();
    pen.globalAlpha = 0.45; pen.fillStyle = main; pen.fill();
    pen.globalAlpha = 1; pen.strokeStyle = main; pen.lineWidth = 1; pen.stroke();
  }
  const r = selected ? 8 : radius;
  pen.beginPath();
  if (kind === "dome") { pen.arc(x, y - 1, r, Math.PI, 0); pen.lineTo(x + r, y + r - 2); pen.lineTo(x - r, y + r - 2); pen.closePath(); }
  else if (kind === "ptz") { pen.moveTo(x, y - r - 1); pen.lineTo(x + r + 1, y); pen.lineTo(x, y + r + 1); pen.lineTo(x - r - 1, y); pen.closePath(); }
  else if (kind === "fixed") pen.rect(x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2);
  else pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.lineWidth = radius < 4 ? 2 : 3.5; pen.strokeStyle = paper; pen.stroke();
  pen.fillStyle = online === false ? paper : main;
  pen.globalAlpha = online === null ? 0.4 : 1;
  pen.fill();
  pen.globalAlpha = 1;
  pen.lineWidth = radius < 6 ? 1.3 : 1.8; pen.strokeStyle = selected ? colour("select") : main;
  if (online === null || online === undefined) pen.setLineDash([2, 2]);
  pen.stroke();
  pen.setLineDash([]);
  if (online === false) { pen.beginPath(); pen.moveTo(x - r, y + r); pen.lineTo(x + r, y - r); pen.stroke(); }
  if (selected) ring(pen, x, y);
  if (kind === "panoramic") { pen.beginPath(); pen.arc(x, y, r + 3, 0, 2 * Math.PI); pen.lineWidth = 1.2; pen.stroke(); }
}

/** Ring what is selected. */
function ring(pen, x, y) {
  pen.beginPath(); pen.arc(x, y, 15, 0, 2 * Math.PI);
  pen.lineWidth = 5; pen.strokeStyle = colour("halo"); pen.stroke();
  pen.lineWidth = 2.5; pen.strokeStyle = colour("select"); pen.stroke();
}

/** Draw a small sign: a doubt of the assignment check, a place, an incident. */
export function drawSign(pen, x, y, token, selected = false) {
  const r = selected ? 8 : 6;
  const paint = (fill, stroke, width = 1.6) => {
    pen.lineWidth = width + 2.4; pen.strokeStyle = colour("halo"); pen.stroke();
    if (fill) { pen.fillStyle = fill; pen.fill(); }
    pen.lineWidth = width; pen.strokeStyle = selected ? colour("select") : stroke; pen.stroke();
  };
  if (selected) ring(pen, x, y);
  pen.beginPath();
  if (token === "doubt-differs") {
    pen.moveTo(x, y - r); pen.lineTo(x + r, y + r - 1); pen.lineTo(x - r, y + r - 1); pen.closePath();
    paint(colour("incident"), colour("incident"));
  } else if (token === "doubt-outside") {
    pen.rect(x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2);
    paint(colour("halo"), colour("incident"));
    pen.beginPath(); pen.moveTo(x - r + 2, y - r + 2); pen.lineTo(x + r - 2, y + r - 2); pen.moveTo(x + r - 2, y - r + 2); pen.lineTo(x - r + 2, y + r - 2); pen.stroke();
  } else if (token === "doubt-near_border") {
    pen.arc(x, y, selected ? 7 : 3.5, 0, 2 * Math.PI);
    paint(colour("halo"), colour("incident"), 1.2);
  } else if (token.startsWith("finding-")) {
    const severity = token.slice(8);
    pen.moveTo(x, y - r); pen.lineTo(x + r, y); pen.lineTo(x, y + r); pen.lineTo(x - r, y); pen.closePath();
    const name = { error: "bad", warning: "warn-line", note: "muted" }[severity];
    paint(severity === "error" ? colour(name) : colour("halo"), colour(name), severity === "note" ? 1 : 1.8);
  } else if (token === "place") {
    pen.moveTo(x, y - r); pen.lineTo(x + r, y - 1); pen.lineTo(x + r - 2, y + r); pen.lineTo(x - r + 2, y + r); pen.lineTo(x - r, y - 1); pen.closePath();
    paint(colour("place"), colour("place"));
  } else {
    pen.arc(x, y, selected ? 7 : 5, 0, 2 * Math.PI);
    paint(colour("incident"), colour("halo"), 1.2);
  }
}

/** How much a class's colour covers: streets and names of the base map stay readable under it. */
export const cover = (token) => (token === "ramp-zero" ? 0.3 : token === "change-chance" ? 0.5 : token.startsWith("change-") ? 0.78 : token.startsWith("blind") ? 0.52 : 0.64);

/** Return a 22 px canvas that shows a legend token. */
export function swatch(token) {
  const canvas = document.createElement("canvas");
  const draw = () => {
    const scale = devicePixelRatio || 1;
    canvas.width = canvas.height = 22 * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const box = (fill, stroke) => {
      pen.beginPath(); pen.rect(2, 4, 18, 14); pen.fillStyle = fill; pen.fill();
      pen.lineWidth = 1; pen.strokeStyle = stroke ?? colour("line-strong"); pen.stroke();
    };
    if (/^(ramp|blind)-/.test(token)) {
      box(colour("map-bg"));
      pen.globalAlpha = cover(token);
      box(colour(token));
    } else if (token.startsWith("measure-")) {
      const { color, dashArray, fillOpacity } = measureStyle(token.slice(8));
      pen.globalAlpha = fillOpacity; pen.fillStyle = color; pen.fillRect(3, 5, 16, 12); pen.globalAlpha = 1;
      pen.lineWidth = 2; pen.strokeStyle = color; pen.setLineDash(dashArray ? [3, 2] : []); pen.strokeRect(3, 5, 16, 12);
    } else if (token.startsWith("change-")) {
      box(colour("map-bg"));
      pen.globalAlpha = cover(token);
      box(changeFill(pen, token));
    } else if (token.startsWith("spot-")) drawSpot(pen, token.slice(5));
    else if (token === "street-heat") {
      for (const [step, y] of [[1, 16], [4, 9]]) { pen.beginPath(); pen.moveTo(2, y); pen.lineTo(20, y - 4); pen.lineWidth = 4; pen.strokeStyle = colour(`ramp-${step}`); pen.stroke(); }
    } else if (token === "blindspot") {
      pen.globalAlpha = 0.45; box(colour("blind-3")); pen.globalAlpha = 1;
      pen.lineWidth = 2; pen.strokeStyle = colour("blind-4"); pen.strokeRect(2.5, 4.5, 17, 13);
    } else if (token === "area-blind") { pen.globalAlpha = 0.5; box(colour("blind-3"), colour("blind-3")); }
    else if (token.startsWith("finding-")) {
      const style = findingStyle(token.slice(8));
      pen.globalAlpha = style.fillOpacity; pen.fillStyle = style.fillColor; pen.fillRect(3, 5, 16, 12); pen.globalAlpha = 1;
      pen.lineWidth = style.weight; pen.strokeStyle = style.color; pen.setLineDash(style.dashArray ? [3, 2] : []); pen.strokeRect(3, 5, 16, 12);
    } else if (token === "no-data") { box(colour("surface")); box(hatch(pen, "no-data", 3, 1)); }
    else if (token === "grid-line") { pen.lineWidth = 2; pen.strokeStyle = colour("grid-line"); pen.strokeRect(3, 5, 16, 12); }
    else if (token === "zone") { box(hatch(pen, "zone", 4), colour("zone")); }
    else if (token === "view-certain") { pen.globalAlpha = 0.5; box(colour("view"), colour("view")); }
    else if (token === "view-possible") box(hatch(pen, "view", 4), colour("view"));
    else if (token === "exposure-certain") { pen.globalAlpha = 0.6; box(colour("exposure"), colour("exposure")); }
    else if (token === "exposure-possible") box(hatch(pen, "exposure", 4), colour("exposure"));
    else if (token === "cluster" || token === "camera-cluster") {
      pen.beginPath(); pen.arc(11, 11, 9, 0, 7); pen.fillStyle = colour(token === "cluster" ? "incident" : "camera"); pen.fill();
      pen.fillStyle = colour("surface"); pen.font = "600 12px sans-serif"; pen.textAlign = "center"; pen.fillText("9", 11, 15);
    } else if (token.startsWith("camera-")) {
      const kind = token.slice(7);
      drawCamera(pen, kind === "wedge" ? 6 : 11, 11, { kind: kind === "wedge" ? "fixed" : kind, online: true, azimuth: kind === "wedge" ? 90 : null });
    } else if (token.startsWith("state-")) {
      drawCamera(pen, 11, 11, { kind: "fixed", online: { online: true, offline: false, unknown: null }[token.slice(6)] });
    } else drawSign(pen, 11, 11, token);
  };
  draw();
  onTheme(draw);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}
