// The details of what is selected: facts with units, and where they come from.

import { byId, make } from "./dom.js";
import { COLON, moment, number, percent, t, word } from "./i18n.js";
import { movedM } from "./map.js";
import { now } from "./shell.js";

const dash = (value) => (value === null || value === undefined || value === "" ? "–" : String(value));
const unit = (value, sign, decimals = 0) => (value === null || value === undefined ? "–" : `${number(value, decimals)} ${sign}`);

function show(title, subtitle, rows, { hint = null, actions = [] } = {}) {
  byId("detail").replaceChildren(make("div", { class: "facts" },
    make("h3", { data: { from: "data" } }, title), make("p", { class: "muted" }, subtitle),
    make("dl", {}, ...rows.filter(Boolean).flatMap(([label, value]) => [make("dt", {}, label), make("dd", { data: { from: "data" } }, value)])),
    make("div", {}, ...actions.map(({ label, run }) => make("button", { type: "button", class: "button", onclick: run }, label))),
    make("p", { class: "hint" }, hint ?? t("detail.origin", { revision: now()?.revision ?? "–", crs: now()?.crs ?? "–" }))));
}

export function showNothing() {
  byId("detail").replaceChildren(make("p", { class: "more" }, t("detail.none")));
}

export function showGrid(row, more = [], actions = []) {
  show(row.name ?? row.code, t("detail.grid"), [
    [t("col.code"), row.code],
    row.level && [t("col.level"), word(row.level)],
    row.parent && [t("col.parent"), row.parent],
    row.team && [t("col.team"), row.team],
    row.population !== undefined && [t("col.population"), number(row.population)],
    row.area_km2 !== undefined && [t("col.area"), unit(row.area_km2, "km²", 4)],
    row.incidents !== undefined && [t("col.incidents"), number(row.incidents)],
    row.per_km2 !== undefined && [t("col.per_km2"), unit(row.per_km2, t("unit.per_km2"), 1)],
    row.per_10k !== undefined && [t("col.per_10k"), unit(row.per_10k, t("unit.per_10k"), 1)],
    row.cameras !== undefined && [t("col.cameras"), number(row.cameras)],
    row.children ? [t("col.children"), number(row.children)] : null,
    ...more,
  ], { actions });
}

/** A cell of a lattice and what its figures mean; `texts` are the figures in words. */
export function showSpot(row, answer, texts) {
  show(row.grid_name ?? row.grid ?? row.code, t("hotspot.cell", { size: number(answer.size_m) }), [
    [t("col.code"), row.code],
    row.grid && [t("hotspot.in_grid"), row.grid],
    [t("col.pattern"), texts.kind],
    [t("col.incidents"), number(row.count)],
    [t("col.expected"), texts.expected],
    [t("col.around"), t("hotspot.around", { near: number(row.near), expected: texts.near, count: number(row.neighbours + 1) })],
    [t("col.chance"), texts.odds],
    [t("col.z"), number(row.z, 2)],
    [t("col.q"), row.q === null ? "–" : percent(row.q, 1)],
    row.tau !== null && [t("col.trend"), `${number(row.tau, 2)} (${t("col.chance")}${COLON}${percent(row.trend_p, 1)})`],
    [t("col.steps_hot"), `${number(row.steps_hot)}, ${number(row.steps_cold)}`],
  ], { hint: `${row.explanation} ${answer.expected}` });
}

/** The areas of a grid's coverage, as rows for showGrid. */
export function coverageRows(row) {
  const part = (value) => `${number(value)} m²  (${percent(row.open_m2 > 0 ? value / row.open_m2 : null, 1)})`;
  return [[t("col.open"), unit(row.open_m2, "m²")], [t("word.certain"), part(row.certain_m2)], [t("word.possible"), part(row.possible_m2)],
    [t("word.blind"), part(row.blind_m2)], [t("col.built"), unit(row.built_m2, "m²")]];
}

export function showCamera(row) {
  const state = row.online === null || row.online === undefined ? "unknown" : row.online ? "online" : "offline";
  const moved = movedM(row.id);
  const hints = [row.range_m === null ? t("detail.camera.assumed") : null, moved > 0 ? t("detail.camera.moved", { distance: number(moved, 1) }) : null].filter(Boolean);
  const known = (value, sign) => (value === null || value === undefined ? t("word.not_recorded") : unit(value, sign));
  show(row.name ?? row.id ?? t("word.camera"), t("detail.camera"), [
    ["ID", dash(row.id)],
    [t("col.kind"), row.kind ? word(row.kind) : t("word.not_recorded")],
    [t("col.state"), t(`state.${state}`)],
    [t("col.azimuth"), row.azimuth_deg === null ? t("word.not_recorded") : `${number(row.azimuth_deg)}°${row.azimuth_tolerance_deg ? ` ± ${number(row.azimuth_tolerance_deg, 1)}°` : ""}`],
    [t("col.hfov"), known(row.hfov_deg, "°")],
    [t("col.range"), known(row.range_m, "m")],
    [t("col.height"), known(row.height_m, "m")],
    row.owner && [t("col.owner"), row.owner],
  ], { hint: hints.join(" ") || null });
}

export function showIncident(row) {
  show(word(row.category), t("detail.incident"), [
    ["ID", dash(row.id)],
    [t("col.when"), moment(row.occurred_at, now()?.timezone ?? "UTC")],
    row.status && [t("col.status"), word(row.status)],
    typeof row.severity === "number" && [t("field.severity"), number(row.severity, 2)],
    [t("col.recorded"), dash(row.recorded ?? row.grid_code)],
    row.why && [t("col.located"), dash(row.located)],
    row.why && [t("col.border"), unit(row.distance_m, "m", 1)],
    row.why && [t("col.doubt"), t(`why.${row.why}`)],
  ]);
}

export function showSite(row, layer) {
  show(row.name ?? word(row.kind), t(`layer.${layer}`), [["ID", dash(row.id)], [t("col.kind"), word(row.kind)]]);
}
