// The store and scenarios side by side.

import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";
import { share, signed, table } from "./whatif_result.js";

const AREAS = ["certain", "possible", "blind"];
const COUNTS = [["unseen", "incidents_unseen"], ["cameras", "cameras"], ["placed", "placed"], ["changed", "changed"], ["removed", "removed"]];
const MOST = 200;

const titleOf = (side, first) => (first ? t("scenario.store") : side.name ?? t("scenario.this"));

function area(side, store, state) {
  if (side.error) return make("td", {}, "–");
  const value = side[`${state}_m2`];
  const difference = value - store[`${state}_m2`];
  return make("td", { class: "number" }, `${share(value, side.open_m2)} %`, make("small", {}, `${number(value)} m²`), side === store ? null : make("small", {}, `${signed(difference)} m²`));
}

function count(side, store, name) {
  if (side.error) return make("td", {}, "–");
  const difference = side[name] - store[name];
  const compared = side !== store && ["incidents_unseen", "cameras"].includes(name);
  return make("td", { class: "number" }, number(side[name]), compared ? make("small", {}, signed(difference)) : null);
}

const head = (text) => make("th", { scope: "row" }, text);

/** Fill the comparison with an answer of the service. */
export function compareTables({ sides, grids }) {
  const [store] = sides;
  const heads = [t("compare.figure"), ...sides.map((side, i) => titleOf(side, i === 0))];
  const rows = [
    ...AREAS.map((state) => make("tr", { data: { row: state } }, head(t(`compare.${state}`)), ...sides.map((side) => area(side, store, state)))),
    ...COUNTS.map(([key, name]) => make("tr", { data: { row: key } }, head(t(`compare.${key}`)), ...sides.map((side) => count(side, store, name)))),
  ];
  const faults = sides.filter((side) => side.error).map((side) => make("p", { class: "whatif-error" }, `${side.name}: ${side.error.message} ${side.error.remedy}`));
  byId("scenario-figures").replaceChildren(table(heads, rows, t("compare.figure")), ...faults);
  if (!grids.length) {
    byId("scenario-grids").replaceChildren(make("p", { class: "muted" }, t("compare.none")));
    return;
  }
  const most = (row) => Math.max(...row.blind_m2.slice(1).map((value) => (value === null ? 0 : Math.abs(value - row.blind_m2[0]))));
  const lines = [...grids].sort((a, b) => most(b) - most(a)).slice(0, MOST).map((row) => make("tr", { data: { code: row.code } },
    make("th", { scope: "row", class: "name", title: row.code }, row.name ?? row.code),
    ...row.blind_m2.map((value, i) => make("td", { class: "number" }, value === null ? "–" : `${share(value, row.open_m2)} %`, i === 0 || value === null ? make("small", {}, value === null ? "" : `${number(value)} m²`) : make("small", {}, `${signed(value - row.blind_m2[0])} m²`)))));
  byId("scenario-grids").replaceChildren(table([t("col.grid"), ...heads.slice(1)], lines, t("compare.grids")));
  if (grids.length > MOST) byId("scenario-grids").append(make("p", { class: "muted" }, t("whatif.grids.more", { count: number(grids.length - MOST) })));
}
