// How the features of each layer become Leaflet layers. Data is only ever text content or a number here.
/* global L */

import { make } from "./dom.js";
import { changeText, COLON, moment, number, percent, t, word } from "./i18n.js";
import { spotStyle } from "./spot_symbols.js";
import { expectedText, kindText, oddsText } from "./spot_words.js";
import { changeFill, colour, cover, drawCamera, drawSign, findingStyle, hatch } from "./symbols.js";

/** A marker painted on the map's canvas by `options.paint`. */
const Sign = L.CircleMarker.extend({
  options: { radius: 9, weight: 1 },
  _updateBounds() {
    L.CircleMarker.prototype._updateBounds.call(this);
    const more = L.point(16, 16);
    this._pxBounds = L.bounds(this._pxBounds.min.subtract(more), this._pxBounds.max.add(more));
  },
  _updatePath() {
    if (!this._renderer._drawing || this._empty()) return;
    this._renderer._ctx.save();
    this.options.paint(this._renderer._ctx, this._point.x, this._point.y);
    this._renderer._ctx.restore();
  },
});

const Count = L.DivIcon.extend({
  createIcon(old) {
    const box = old && old.tagName === "DIV" ? old : document.createElement("div");
    const { count, size, name } = this.options;
    box.textContent = count >= 10000 ? `${number(count / 1000)}k` : number(count);
    box.setAttribute("aria-label", t("cluster.label", { count: number(count) }));
    this._setIconStyles(box, "icon");
    box.className = `leaflet-marker-icon cluster ${name}`;
    box.style.width = box.style.height = `${size}px`;
    return box;
  },
});

const at = (feature) => L.latLng(feature.geometry.coordinates[1], feature.geometry.coordinates[0]);

/** Return a tooltip body: a title and lines of label and value. */
export function tip(title, lines = []) {
  return make("div", { class: "tip", data: { from: "data" } }, make("b", {}, title), ...lines.filter(Boolean).map((line) => make("span", {}, line)));
}

export const gridTitle = (row) => (row.name && row.name !== row.code ? `${row.name}  ${row.code}` : String(row.code));

function area(feature, style, title) {
  const made = L.geoJSON(feature, { style: () => style() }).getLayers()[0];
  made.restyle = () => made.setStyle(style());
  if (title) made.bindTooltip(title, { sticky: true, direction: "top", offset: [0, -6] });
  return made;
}

function sign(feature, paint, title) {
  const made = new Sign(at(feature), { paint });
  made.restyle = () => made.redraw();
  made.bindTooltip(title, { direction: "top", offset: [0, -8] });
  return made;
}

function cluster(feature, kind, map) {
  const { count } = feature.properties;
  const size = Math.round(Math.min(20 + 7 * Math.log10(count), 48));
  const made = L.marker(at(feature), { icon: new Count({ count, size, name: kind, iconSize: [size, size] }), keyboard: true });
  made.on("click", () => map.setView(made.getLatLng(), Math.min(map.getZoom() + 2, map.getMaxZoom())));
  return made;
}

const fillOf = (token) => () => {
  if (token === "no-data") return { fillColor: hatch(document.createElement("canvas").getContext("2d"), "no-data", 4, 0.8), fillOpacity: 0.7, color: colour("line-strong"), weight: 0.6 };
  return { fillColor: colour(token), fillOpacity: cover(token), color: colour("line-strong"), weight: 0.6, opacity: 0.8 };
};

/** How an area of a diverging class is filled. */
export const changeOf = (token) => () => (token.startsWith("change-")
  ? { fillColor: changeFill(document.createElement("canvas").getContext("2d"), token), fillOpacity: cover(token), color: colour("line-strong"), weight: 0.6, opacity: 0.8 }
  : fillOf(token)());

/** Layer name -> function from a feature to a Leaflet layer; `context` holds map, timezone, select. */
export const DRAW = {
  grids(feature) {
    const row = feature.properties;
    return area(feature, () => ({ color: colour("grid-line"), weight: 1.4, opacity: 0.9, fill: true, fillOpacity: 0 }), () => tip(gridTitle(row), [
      row.team && `${t("col.team")}${COLON}${row.team}`, `${number(row.area_km2, 4)} km²`,
      row.children ? t("tip.children", { count: number(row.children) }) : null]));
  },
  density(feature) {
    const row = feature.properties;
    return area(feature, fillOf(row.symbol), () => tip(gridTitle(row), [
      t("tip.incidents", { count: number(row.incidents) }), `${number(row.per_km2, 1)} ${t("unit.per_km2")}`,
      row.per_10k === null ? null : `${number(row.per_10k, 1)} ${t("unit.per_10k")}`]));
  },
  change(feature) {
    const row = feature.properties;
    return area(feature, changeOf(row.symbol), () => tip(gridTitle(row), [t("compare.tip", { now: number(row.now), before: number(row.before) }), changeText(row), t(`compare.kind.${row.kind}`)]));
  },
  balance(feature) {
    const row = feature.properties;
    return area(feature, changeOf(row.symbol), () => tip(gridTitle(row), [
      row.team && `${t("col.team")}${COLON}${row.team}`, t("balance.tip", { load: number(row.load, 2) }),
      row.incidents === null ? null : t("tip.incidents", { count: number(row.incidents) })]));
  },
  sections(feature, context) {
    const row = feature.properties;
    const style = () => ({ color: colour(row.symbol === "no-data" ? "no-data" : row.symbol), weight: context.isSelected("section", row.id) ? 9 : 4.5, opacity: 0.9, lineCap: "butt" });
    return area(feature, style, () => tip(row.name ?? t("sections.unnamed"), [`${number(row.length_m)} m`, row.incidents === null ? null : t("tip.incidents", { count: number(row.incidents) })]));
  },
  streetheat(feature, context) {
    const { per_km, symbol } = feature.properties;
    const width = () => Math.max(2, Math.min(9, (context.map.getZoom() - 10) * 1.1 + Number(symbol.at(-1)) * 0.6));
    const made = area(feature, () => ({ color: colour(symbol), weight: width(), opacity: 0.9, lineCap: "butt" }),
      () => tip(t("layer.streetheat"), [t("street.value", { value: number(per_km, per_km < 10 ? 1 : 0) })]));
    return made;
  },
  hotspots(feature) {
    const row = feature.properties;
    return area(feature, () => spotStyle(row.kind), () => tip(row.name ?? row.grid_name ?? row.code, [
      kindText(row.kind), t("hotspot.tip", { count: number(row.count), expected: expectedText(row.expected) }),
      row.p === null ? null : `${t("col.chance")}${COLON}${oddsText(row.p)}`]));
  },
  coverage(feature, context) {
    const row = feature.properties;
    // Near, what lies in the grid matters more than its share.
    const style = () => ({ ...fillOf(row.symbol)(), ...(context.map.getZoom() >= 15.5 ? { fillOpacity: 0.14 } : {}) });
    const share = (value) => percent(row.open_m2 > 0 ? value / row.open_m2 : null);
    return area(feature, style, () => tip(gridTitle(row), [
      `${t("word.blind")}${COLON}${share(row.blind_m2)}`, `${t("word.possible")}${COLON}${share(row.possible_m2)}`, `${t("word.certain")}${COLON}${share(row.certain_m2)}`]));
  },
  views(feature) {
    const certain = feature.properties.state === "certain";
    const made = area(feature, () => (certain
      ? { color: colour("view"), weight: 1, fillColor: colour("view"), fillOpacity: 0.35 }
      : { color: colour("view"), weight: 0.8, opacity: 0.6, fillColor: hatch(document.createElement("canvas").getContext("2d"), "view", 5, 0.9), fillOpacity: 0.55 }));
    made.options.interactive = false;
    return made;
  },
  exposure(feature) {
    const row = feature.properties;
    const certain = row.state === "certain";
    return area(feature, () => ({ color: colour("exposure"), weight: 1.5, fillColor: certain ? colour("exposure") : hatch(document.createElement("canvas").getContext("2d"), "exposure", 4, 1), fillOpacity: certain ? 0.6 : 0.8 }),
      () => tip(row.camera, [`${t(certain ? "privacy.certain" : "privacy.possible")}${COLON}${number(row.area_m2, 1)} m²`]));
  },
  zones(feature) {
    const row = feature.properties;
    return area(feature, () => ({ color: colour("zone"), weight: 1.5, dashArray: "4 3", fillColor: hatch(document.createElement("canvas").getContext("2d"), "zone", 5, 0.8), fillOpacity: 0.5 }),
      () => tip(row.name ?? word(row.kind), [t("layer.zones"), row.name ? word(row.kind) : null]));
  },
  places(feature) {
    const row = feature.properties;
    const title = () => tip(row.name ?? word(row.kind), [row.name ? word(row.kind) : t("layer.places")]);
    if (/Polygon/.test(feature.geometry.type)) return area(feature, () => ({ color: colour("place"), weight: 1.5, fillColor: colour("place"), fillOpacity: 0.18 }), title);
    if (feature.geometry.type !== "Point") return null;
    return sign(feature, (pen, x, y) => drawSign(pen, x, y, "place"), title);
  },
  cameras(feature, context) {
    const row = feature.properties;
    if (row.count > 1) return cluster(feature, "cameras", context.map);
    const state = row.online === null ? "unknown" : row.online ? "online" : "offline";
    return sign(feature, (pen, x, y) => drawCamera(pen, x, y, {
      radius: context.map.getZoom() < 13 ? 3 : context.map.getZoom() < 16.5 ? 4.5 : 6,      kind: row.kind, online: row.online, azimuth: row.azimuth_deg, width: row.hfov_deg, tolerance: row.azimuth_tolerance_deg,
      selected: context.isSelected("camera", row.id) }),
    () => tip(row.name ?? row.id ?? t("word.camera"), [word(row.kind ?? "camera_kind_unknown"), t(`state.${state}`),
      row.azimuth_deg === null ? t("tip.no_direction") : `${t("col.azimuth")}${COLON}${number(row.azimuth_deg)}°`]));
  },
  incidents(feature, context) {
    const row = feature.properties;
    if (row.count > 1) return cluster(feature, "incidents", context.map);
    return sign(feature, (pen, x, y) => drawSign(pen, x, y, "incident", context.isSelected("incident", row.id)),
      () => tip(word(row.category), [moment(row.occurred_at, context.timezone)]));
  },
  findings(feature) {
    const row = feature.properties;
    const title = () => tip(t(`finding.kind.${row.kind}`), [t(`finding.${row.severity}`)]);
    if (feature.geometry.type === "Point") return sign(feature, (pen, x, y) => drawSign(pen, x, y, row.symbol), title);
    return area(feature, () => findingStyle(row.severity), title);
  },
  assignment(feature, context) {
    const row = feature.properties;
    return sign(feature, (pen, x, y) => drawSign(pen, x, y, `doubt-${row.why}`, context.isSelected("incident", row.id)),
      () => tip(word(row.category), [t(`why.${row.why}`), `${t("col.recorded")}${COLON}${row.recorded ?? "–"}`, `${t("col.located")}${COLON}${row.located ?? "–"}`,
        row.distance_m === null ? null : t("tip.border", { distance: number(row.distance_m, 1) })]));
  },
};

/** Bottom to top. */
export const ORDER = ["coverage", "density", "change", "balance", "hotspots", "streetheat", "sections", "grids", "zones", "views", "exposure", "places", "cameras", "incidents", "assignment", "findings"];
