// Hour by weekday: when in the week incidents happen; a cell, a row, a column or a drawn block filters everything else.

import { hoursWords, members, textOf, weekday } from "./clock.js";
import { byId, make } from "./dom.js";
import { number, percent, rounded, t } from "./i18n.js";
import { onChange, set, state } from "./state.js";

const HOURS = [...Array(24).keys()], DAYS = [1, 2, 3, 4, 5, 6, 7], ALL = 0; // the head of rows and columns
const STEPS = 5;
let matrix = null;
let anchor = null; // {d, h} where a block begins
let reach = null; // where it ends while it is drawn

const sum = (values) => values.reduce((total, value) => total + value, 0);
const count = (d, h) => matrix.counts[d - 1][h];

/** Return the incidents of a cell, a row (h null) or a column (d null), and in how many such hours they fell. */
function figures(d, h) {
  const days = d === null ? DAYS : [d], hours = h === null ? HOURS : [h];
  return { incidents: sum(days.map((day) => sum(hours.map((hour) => count(day, hour))))), times: sum(days.map((day) => matrix.days[day - 1])) * hours.length };
}

const mean = (d, h) => (matrix.days[d - 1] ? count(d, h) / matrix.days[d - 1] : null);

/** Return a step for `most` that reads well: 1, 2 or 5 times a power of ten. */
function niceStep(most) {
  const rough = most / STEPS, ten = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((one) => one * ten).find((one) => one >= rough * (1 - 1e-9));
}

function words(d, h) {
  if (!matrix) return "";
  const when = [d === null ? null : weekday(d, "long"), h === null ? null : hoursWords([h])].filter(Boolean).join(" ") || t("filter.all");
  const { incidents, times } = figures(d, h);
  const known = matrix.total - matrix.unknown;
  return t("matrix.cell", { when, count: number(incidents), share: percent(known ? incidents / known : null, 1), mean: times ? rounded(incidents / times) : "–" });
}

let told = null; // the place whose figures are told; null: none

function read(place = null) {
  told = place;
  byId("rhythm-text").textContent = place === null ? rest() : words(place.d, place.h);
}

/** What is told while no cell is pointed at. */
function rest() {
  if (!matrix) return "";
  const unknown = matrix.unknown ? ` ${t("matrix.unknown", { count: number(matrix.unknown) })}` : "";
  return `${t("matrix.total", { count: number(matrix.total) })}${unknown}`;
}

/** Filter by hours and weekdays, or take the filter off where it is just that. */
function filter(hours, weekdays) {
  const wanted = { hours: textOf("hours", hours), weekdays: textOf("weekdays", weekdays) };
  const same = wanted.hours === textOf("hours", members("hours", state.hours)) && wanted.weekdays === textOf("weekdays", members("weekdays", state.weekdays));
  set(same ? { hours: null, weekdays: null } : wanted);
}

const between = (a, b) => Array.from({ length: Math.abs(a - b) + 1 }, (_, step) => Math.min(a, b) + step);

function chooseBlock(from, to) {
  const hours = from.h === null || to.h === null ? [] : between(from.h, to.h);
  const weekdays = from.d === null || to.d === null ? [] : between(from.d, to.d);
  filter(hours, weekdays);
}

const placeOf = (cell) => ({ d: cell.dataset.d === "" ? null : Number(cell.dataset.d), h: cell.dataset.h === "" ? null : Number(cell.dataset.h) });
const cellAt = (d, h) => byId("matrix-table").querySelector(`[data-d="${d ?? ""}"][data-h="${h ?? ""}"]`);

function move(cell, event) {
  const { d, h } = placeOf(cell);
  const row = d ?? ALL, column = h ?? -1;
  const goal = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [event.ctrlKey ? ALL : row, -1], End: [event.ctrlKey ? 7 : row, 23] }[event.key];
  if (goal) {
    event.preventDefault();
    const [r, c] = [Math.max(ALL, Math.min(goal[0], 7)), Math.max(-1, Math.min(goal[1], 23))];
    focus(cellAt(r === ALL ? null : r, c === -1 ? null : c));
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey && anchor) chooseBlock(anchor, { d, h });
    else { anchor = { d, h }; chooseBlock(anchor, anchor); }
  }
}

function focus(cell) {
  for (const one of byId("matrix-table").querySelectorAll('[tabindex="0"]')) one.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

function cell(tag, d, h, text, className) {
  return make(tag, { role: tag === "td" ? "gridcell" : d === null ? "columnheader" : "rowheader", class: className, tabindex: "-1", data: { d: d ?? "", h: h ?? "" } }, text);
}

/** Build the table once; figures are filled in by `drawMatrix`. */
export function startMatrix() {
  const two = (hour) => String(hour).padStart(2, "0");
  const head = make("tr", { role: "row" }, cell("th", null, null, "", "corner"), ...HOURS.map((hour) => cell("th", null, hour, two(hour), "")), make("th", { class: "sum", role: "columnheader" }, t("matrix.sum")));
  const rows = DAYS.map((d) => make("tr", { role: "row" }, cell("th", d, null, weekday(d), ""), ...HOURS.map((hour) => cell("td", d, hour, "", "")), make("td", { class: "sum", role: "gridcell", data: { from: "data", sum: String(d) } })));
  const table = make("table", { id: "matrix-table", role: "grid", "aria-label": t("matrix.title") }, make("thead", {}, head), make("tbody", {}, ...rows));
  byId("matrix").replaceChildren(make("div", { class: "matrix-box" }, table), make("ul", { class: "matrix-legend", id: "matrix-legend", "aria-label": t("matrix.unit") }));
  cellAt(1, 0).tabIndex = 0;
  const pointed = (event) => event.target.closest("[data-d]");
  table.addEventListener("keydown", (event) => { const found = pointed(event); if (found) move(found, event); });
  table.addEventListener("focusin", (event) => { const found = pointed(event); if (found) read(placeOf(found)); });
  table.addEventListener("focusout", () => read());
  table.addEventListener("mouseover", (event) => {
    const found = pointed(event);
    if (!found) return;
    read(placeOf(found));
    if (reach && event.buttons) { reach = placeOf(found); mark(); }
  });
  table.addEventListener("mouseleave", () => read());
  table.addEventListener("mousedown", (event) => {
    const found = pointed(event);
    if (!found || event.button !== 0) return;
    event.preventDefault();
    focus(found);
    if (!(event.shiftKey && anchor)) anchor = placeOf(found);
    reach = placeOf(found);
    mark();
  });
  document.addEventListener("mouseup", () => {
    if (!reach) return;
    const [from, to] = [anchor, reach];
    reach = null;
    chooseBlock(from, to);
    mark();
  });
  onChange((changed) => { if (changed.has("hours") || changed.has("weekdays")) mark(); });
}

/** Mark the cells of the filter, or of the block that is being drawn. */
function mark() {
  let hours = new Set(members("hours", state.hours)), days = new Set(members("weekdays", state.weekdays));
  if (reach) {
    hours = new Set(anchor.h === null || reach.h === null ? [] : between(anchor.h, reach.h));
    days = new Set(anchor.d === null || reach.d === null ? [] : between(anchor.d, reach.d));
  }
  const on = hours.size > 0 || days.size > 0;
  byId("matrix-table").classList.toggle("filtered", on);
  for (const one of byId("matrix-table").querySelectorAll("[data-d]")) {
    const { d, h } = placeOf(one);
    const inside = on && (d === null ? hours.size > 0 : days.size === 0 || days.has(d)) && (h === null ? days.size > 0 : hours.size === 0 || hours.has(h));
    one.setAttribute("aria-selected", String(inside && !(d === null && h === null)));
  }
}

const patch = (name) => make("i", { class: `patch ${name}`, "aria-hidden": "true" });

/** Show the matrix of an answer of /api/rhythm. */
export function drawMatrix(found) {
  matrix = found.matrix;
  const most = Math.max(...DAYS.flatMap((d) => HOURS.map((h) => mean(d, h) ?? 0)));
  const step = most > 0 ? niceStep(most) : 1;
  for (const one of byId("matrix-table").querySelectorAll("td[data-d]")) {
    const { d, h } = placeOf(one);
    const value = mean(d, h);
    one.className = value === null ? "m-none" : value === 0 ? "m-zero" : `m-${Math.min(Math.ceil(value / step - 1e-9), STEPS) - 1}`;
    one.title = words(d, h);
    one.setAttribute("aria-label", words(d, h));
  }
  for (const one of byId("matrix-table").querySelectorAll("th[data-d]")) {
    const { d, h } = placeOf(one);
    one.title = d === null && h === null ? t("matrix.clear") : words(d, h);
    one.setAttribute("aria-label", one.title);
  }
  for (const one of byId("matrix-table").querySelectorAll("[data-sum]")) one.textContent = number(sum(matrix.counts[Number(one.dataset.sum) - 1]));
  const used = most > 0 ? Math.max(Math.ceil(most / step - 1e-9), 1) : 0;
  byId("matrix-legend").replaceChildren(make("li", { class: "unit" }, t("matrix.unit")), make("li", {}, patch("m-zero"), "0"),
    ...Array.from({ length: used }, (_, i) => make("li", {}, patch(`m-${i}`), `${i === 0 ? "> 0" : rounded(i * step)} – ${rounded((i + 1) * step)}`)));
  mark();
  read(told);
}
