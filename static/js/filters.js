// The filter controls of a map page, both ways with the state.

import { byId, make } from "./dom.js";
import { startTimeFilters } from "./filters_time.js";
import { number, t, word } from "./i18n.js";
import { onChange, set, state } from "./state.js";

const listed = 40;
const FIGURES = ["near_m", "assumed_range_m", "radius_m", "target_height_m"];
let latestStatus = null;

function levels(status) {
  const box = byId("level");
  if (!box) return;
  const known = status?.levels ?? [];
  box.dataset.from = "data";
  box.replaceChildren(...[...known].reverse().map((level) => make("option", { value: level, data: { from: "data" } }, word(level))));
  box.disabled = known.length === 0;
  box.value = state.level ?? known.at(-1) ?? "";
}

function categories(status) {
  const box = byId("categories");
  if (!box) return;
  const known = status?.categories ?? [];
  const chosen = new Set(state.category);
  const visible = known.filter((one, index) => index < listed || chosen.has(one.name));
  box.replaceChildren(...visible.map(({ name, count }) => {
    const tick = make("input", { type: "checkbox", value: name, checked: chosen.has(name), onchange: () => {
      const next = [...box.querySelectorAll("input:checked")].map((one) => one.value).sort();
      set({ category: next });
    } });
    return make("label", { class: "check", data: { from: "data" } }, tick, make("span", { class: "label", title: word(name) }, word(name)), make("span", { class: "count" }, number(count)));
  }));
  const all = byId("all-categories");
  all.hidden = chosen.size === 0;
  if (known.length === 0) box.append(make("p", { class: "muted" }, t("categories.none")));
  if (known.length > visible.length) box.append(make("p", { class: "muted" }, t("categories.more", { count: known.length - visible.length })));
}

/** Fill the controls from the status and follow them. */
export function startFilters(status) {
  fillFilters(status);
  followDates();
  startTimeFilters();
  byId("level")?.addEventListener("change", (event) => set({ level: event.target.value, parent: null, selected: null }));
  byId("all-categories")?.addEventListener("click", () => set({ category: [] }));
  onChange((changed) => {
    if (!changed.has("category") || !byId("categories")) return;
    // Not built anew: the box just ticked keeps the focus.
    for (const box of byId("categories").querySelectorAll("input")) box.checked = state.category.includes(box.value);
    byId("all-categories").hidden = state.category.length === 0;
  });
  byId("method")?.addEventListener("change", (event) => set({ method: event.target.value }));
  for (const one of document.querySelectorAll('input[name="metric"]')) one.addEventListener("change", () => set({ metric: one.value }));
  for (const name of FIGURES) {
    byId(name)?.addEventListener("change", (event) => { if (event.target.checkValidity() && event.target.value !== "") set({ [name]: Number(event.target.value) }); else event.target.reportValidity(); });
  }
  byId("online_only")?.addEventListener("change", (event) => set({ online_only: event.target.checked }));
  onChange((changed) => { if (changed.has("level") && byId("level")) byId("level").value = state.level ?? status?.levels?.at(-1) ?? ""; });
}

const DAY = 86400000;
const dayAfter = (text, days) => new Date(Date.parse(`${text}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);

/** The date fields of a page without a brush; `to` is kept as the first day after, as the service wants it. */
function dates(status) {
  if (!byId("from") || byId("brush-canvas")) return;
  const zone = status?.timezone ?? "UTC";
  const local = (iso) => (iso ? new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(iso)) : "");
  const [first, last] = [local(status?.time?.first), local(status?.time?.last)];
  for (const box of [byId("from"), byId("to")]) Object.assign(box, { min: first, max: last, disabled: !first });
  byId("from").value = state.from ?? first;
  byId("to").value = state.to ? dayAfter(state.to, -1) : last;
  byId("all-time").disabled = !state.from && !state.to;
}

function followDates() {
  if (!byId("from") || byId("brush-canvas")) return;
  const choose = () => {
    const [from, to] = [byId("from"), byId("to")];
    to.setCustomValidity("");
    if (!from.value || !to.value) return;
    if (from.value > to.value) {
      to.setCustomValidity(t("filter.dates"));
      to.reportValidity();
      return;
    }
    set({ from: from.value <= from.min ? null : from.value, to: to.value >= to.max ? null : dayAfter(to.value, 1) });
  };
  byId("from").addEventListener("change", choose);
  byId("to").addEventListener("change", choose);
  byId("all-time").addEventListener("click", () => set({ from: null, to: null }));
  onChange((changed) => { if (changed.has("from") || changed.has("to")) dates(latestStatus); });
}

export function fillFilters(status) {
  latestStatus = status;
  dates(status);
  levels(status);
  categories(status);
  if (byId("method")) byId("method").value = state.method;
  for (const one of document.querySelectorAll('input[name="metric"]')) one.checked = one.value === state.metric;
  for (const name of FIGURES) if (byId(name)) byId(name).value = state[name];
  if (byId("online_only")) byId("online_only").checked = state.online_only;
}
