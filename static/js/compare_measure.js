// Before and after a measure: treated grids or a place, a control area, a ring around both, and what that says.
/* global L */

import { latest, Refused } from "./api.js";
import { byId, make } from "./dom.js";
import { COLON, COMMA, day, number, t } from "./i18n.js";
import { gridFeature, map, on } from "./map.js";
import { onTab } from "./panel.js";
import { now as status } from "./shell.js";
import { CHOICE, queryOf, set, state } from "./state.js";
import { measureStyle, onTheme, swatch } from "./symbols.js";
import { tip } from "./draw.js";
import { selectedGrid } from "./workspace.js";

const FIELDS = ["compare", "treated", "control", "measured_on", "place", "place_m", "days_before", "days_after", "ring_m"];
const NUMBERS = ["place_m", "days_before", "days_after", "ring_m"];
const FEW = 30;
const FEW_TRIED = 20;
const PANE = "measure";
map.createPane(PANE).style.zIndex = "425";
// SVG, whose ground lets the pointer through to the grids below.
const renderer = L.svg({ pane: PANE });
const drawn = L.layerGroup().addTo(map);
const ask = latest();
let answer = null;
let asked = null;
let picking = null;

const zone = () => status()?.timezone ?? "UTC";
const list = (text) => (text ?? "").split(",").filter(Boolean).map(decodeURIComponent);
const joined = (codes) => (codes.length ? codes.map(encodeURIComponent).join(",") : null);
const place = () => (/^-?[\d.]+,-?[\d.]+$/.test(state.place ?? "") ? state.place.split(",").map(Number) : null); // lat, lon
const nameOf = (code) => gridFeature(code)?.properties.name ?? code;
const span = (side) => t("compare.span", { from: day(side.from, zone()), to: day(new Date(new Date(side.to).getTime() - 1).toISOString(), zone()) });
const signed = (value, decimals = 0) => {
  const text = number(Math.abs(value), decimals);
  return /[1-9]/.test(text) ? `${value > 0 ? "+" : "−"}${text}` : text;
};
const small = (p) => (p < 0.001 ? t("compare.least") : number(p, 3));

function chips(id, entries) {
  byId(id).replaceChildren(...entries.map(({ name, remove }) => make("li", { data: { from: "data" } }, make("span", {}, name),
    make("button", { type: "button", "aria-label": t("measure.remove", { name }), title: t("measure.remove", { name }), onclick: remove }, "×"))));
}

/** Show in the form what the state says. */
function form() {
  const treated = list(state.treated), control = list(state.control), spot = place();
  chips("treated", spot ? [{ name: t("measure.place", { lat: number(spot[0], 4), lon: number(spot[1], 4) }), remove: () => set({ place: null }) }]
    : treated.map((code) => ({ name: nameOf(code), remove: () => set({ treated: joined(treated.filter((one) => one !== code)) }) })));
  chips("control", control.map((code) => ({ name: nameOf(code), remove: () => set({ control: joined(control.filter((one) => one !== code)) }) })));
  if (!control.length) byId("control").replaceChildren(make("span", { class: "muted" }, t(spot ? "measure.similar_place" : "measure.similar")));
  byId("place-size").hidden = !spot;
  byId("treat-selected").disabled = byId("control-selected").disabled = !selectedGrid();
  byId("measured_on").value = state.measured_on ?? "";
  for (const name of NUMBERS) byId(name).value = state[name];
}

/** Draw the four areas. */
function draw() {
  drawn.clearLayers();
  if (!answer || byId("pane-compare").hidden || state.compare !== "measure") return;
  for (const feature of answer.features) {
    const { area, before, after } = feature.properties;
    const made = L.geoJSON(feature, { pane: PANE, renderer, style: () => ({ ...measureStyle(area), renderer }) });
    made.bindTooltip(() => tip(t(`measure.${area}`), [`${t("measure.first")}${COLON}${number(before)}`, `${t("measure.last")}${COLON}${number(after)}`]), { sticky: true });
    drawn.addLayer(made);
  }
}

/** Return the finding in sentences. */
function sentences({ total, local, spill, placebo, features, control }) {
  const rounded = Math.round(Math.abs(total.estimate));
  const what = rounded === 0 ? t("measure.same") : t(total.estimate < 0 ? "measure.fewer" : "measure.more", { count: number(rounded) });
  const judged = (p) => t(p <= 0.05 ? "measure.beyond" : "measure.chance", { p: small(p) });
  const all = features.reduce((sum, { properties }) => sum + properties.before + properties.after, 0);
  const lines = [`${t("measure.interval", { low: signed(total.low), high: signed(total.high) })} ${total.p === null ? "" : judged(total.p)}`];
  if (placebo?.tried >= FEW_TRIED) {
    // Where grids go up and down by themselves, a small p alone says little.
    lines.push(t(placebo.p <= 0.05 ? "measure.placebo.rare" : "measure.placebo.common", { share: number(100 * placebo.p, placebo.p < 0.1 ? 1 : 0), tried: number(placebo.tried) }));
  }
  if (spill.p !== null) {
    // Incidents can have moved, or a benefit spread, only where there were fewer.
    const fell = local.estimate < 0;
    const way = spill.p > 0.05 ? "none" : spill.estimate > 0 ? (fell ? "moved" : "more") : fell ? "spread" : "fewer";
    lines.push(t(`measure.spill.${way}`, { change: signed(spill.estimate), p: small(spill.p) }));
  }
  if (all < FEW) lines.push(t("measure.few"));
  lines.push(t("measure.chosen", { names: control.map(nameOf).join(COMMA) }));
  return [what, lines.join(" ")];
}

function windows({ before, after }) {
  const lines = [t("measure.windows", { before: span(before), after: span(after) })];
  if (before.partial || after.partial) lines.push(t("measure.partial", { before: number(before.counted_days), after: number(after.counted_days) }));
  if (Math.round(before.counted_days) !== Math.round(after.counted_days)) lines.push(t("measure.scaled"));
  return lines.join(" ");
}

function result() {
  const box = byId("measure-result");
  draw();
  if (!answer) {
    box.replaceChildren(make("p", { class: "muted" }, t("measure.where")));
    return;
  }
  if (answer.state !== "ok") {
    box.replaceChildren(make("p", {}, t(`measure.state.${answer.state}`)));
    return;
  }
  const [what, more] = sentences(answer);
  const cell = (text) => make("td", { class: "number" }, text);
  const head = ["measure.first", "measure.last", "measure.change"].map((name) => make("th", { scope: "col", class: "number" }, t(name)));
  box.replaceChildren(
    make("p", { class: "lead", data: { from: "data" } }, make("strong", {}, what), ` ${more}`),
    make("p", { class: "muted", data: { from: "data" } }, windows(answer)),
    make("table", { "aria-label": t("measure.table") }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("measure.area")), ...head)),
      make("tbody", { data: { from: "data" } }, ...answer.features.map(({ properties: row }) => make("tr", { data: { area: row.area } },
        make("td", {}, make("span", { class: "area" }, swatch(`measure-${row.area}`), t(`measure.${row.area}`))),
        cell(number(row.before)), cell(number(row.after)), cell(signed(row.after - row.before))))),
      make("tfoot", { data: { from: "data" } }, make("tr", {}, make("td", { colSpan: 3 }, t("measure.total")), cell(`${signed(answer.total.estimate)} ± ${number(1.96 * answer.total.se)}`)))));
}

/** Return the parameters of the measure that the state says, null while it is not said whole. */
function query() {
  const treated = list(state.treated), spot = place();
  if ((!treated.length && !spot) || !state.measured_on) return null;
  return { ...queryOf(["level", ...CHOICE.filter((name) => name !== "from" && name !== "to"), ...NUMBERS], null),
    ...(spot ? { lat: spot[0], lon: spot[1] } : { code: treated, place_m: null }), control: list(state.control), date: state.measured_on };
}

/** Return the service's table of the measure that is shown; null while none is judged. The window of the page is not asked. */
export const measureTable = () => (answer?.state === "ok" ? { name: "displacement", title: t("measure.table"), sort: null, query: { ...query(), from: null, to: null } } : null);

async function load() {
  if (state.compare !== "measure" || byId("pane-compare").hidden) return draw();
  form();
  const wanted = query();
  if (!wanted) {
    answer = asked = null;
    return result();
  }
  const key = JSON.stringify([wanted, status()?.revision]);
  if (key === asked) return draw();
  try {
    const found = await ask("/api/displacement", { query: wanted });
    if (!found) return undefined;
    asked = key;
    answer = found;
    return result();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    answer = asked = null;
    draw();
    return byId("measure-result").replaceChildren(make("p", { class: "problem" }, `${error.message} ${error.remedy}`));
  }
}

function stopPicking() {
  picking?.abort();
  picking = null;
  document.body.classList.remove("picking-place");
  byId("treat-place").setAttribute("aria-pressed", "false");
}

/** Let the next click on the map say where; by the keyboard, the middle of the map. */
function pick(event) {
  const choose = (at) => { stopPicking(); set({ place: `${at.lat.toFixed(6)},${at.lng.toFixed(6)}`, treated: null }); };
  if (picking) return stopPicking();
  if (event.detail === 0) return choose(map.getCenter());
  picking = new AbortController();
  document.body.classList.add("picking-place");
  byId("treat-place").setAttribute("aria-pressed", "true");
  byId("measure-result").replaceChildren(make("p", { class: "muted" }, t("measure.pick")));
  map.getContainer().addEventListener("click", (click) => {
    // Before Leaflet sees it: a grid below would be selected.
    click.stopPropagation();
    click.preventDefault();
    choose(map.mouseEventToLatLng(click));
  }, { capture: true, signal: picking.signal });
  document.addEventListener("keydown", (press) => {
    if (press.key === "Escape") { press.stopPropagation(); stopPicking(); result(); }
  }, { capture: true, signal: picking.signal });
  return undefined;
}

/** Follow the state of the page. */
export function followMeasure(changed) {
  if (changed.has("selected") && state.compare === "measure") form();
  if (["level", ...CHOICE, ...FIELDS].some((name) => changed.has(name))) load();
}

export function startMeasure() {
  const add = (field, more) => () => {
    const code = selectedGrid();
    const codes = list(state[field]);
    if (code && !codes.includes(code)) set({ [field]: joined([...codes, code]), ...more });
  };
  byId("treat-selected").addEventListener("click", add("treated", { place: null }));
  byId("control-selected").addEventListener("click", add("control", {}));
  byId("treat-place").addEventListener("click", pick);
  byId("measured_on").addEventListener("change", (event) => set({ measured_on: event.target.value || null }));
  for (const name of NUMBERS) {
    byId(name).addEventListener("change", (event) => { if (event.target.checkValidity() && event.target.value !== "") set({ [name]: Number(event.target.value) }); else event.target.reportValidity(); });
  }
  byId("measure-form").addEventListener("submit", (event) => event.preventDefault());
  // The names of grids come with the layers.
  on("loaded", () => { if (state.compare === "measure" && !byId("pane-compare").hidden) form(); });
  onTab(() => load());
  onTheme(draw);
}
