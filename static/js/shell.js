// What every page has: theme, language link, menu, dialogs, keys, the age of the data.

import { request } from "./api.js";
import { byId, make } from "./dom.js";
import { ago, firstStatus, moment, number, page, t, who } from "./i18n.js";
import { themeChanged } from "./symbols.js";

let status = firstStatus;
let cityOf = null; // the revision the city's name was asked of
const changed = new Set();

export const now = () => status;

/** Be told when the data changed, with the new status; `quiet`: by incidents received live, and nothing else. */
export const onData = (run) => changed.add(run);

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch (error) {
    console.info("This browser keeps no settings:", error.name);
  }
}

export { keep };

function turnTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  keep("atlas.theme", root.dataset.theme);
  themeChanged();
}

function age() {
  const times = Object.values(status?.layers ?? {}).map((layer) => layer.updated_at).filter(Boolean).sort();
  byId("data-age").hidden = !status;
  byId("simulated").hidden = !status?.simulated?.length;
  if (status) byId("data-age-text").textContent = times.length ? t("age", { ago: ago(times.at(-1)), revision: status.revision }) : t("age.none");
}

function origin() {
  const rows = Object.entries(status.layers).map(([name, layer]) => make("tr", {},
    make("td", {}, t(`data.${name}`)), make("td", { class: "number" }, number(layer.rows)),
    make("td", { data: { from: "data" } }, layer.updated_at ? moment(layer.updated_at, status.timezone) : "–"),
    make("td", {}, layer.simulated && layer.rows ? t("word.simulated") : "")));
  byId("origin-body").replaceChildren(
    make("p", { class: "muted" }, t("origin.store", { revision: status.revision, crs: status.crs ?? "–", timezone: status.timezone })),
    make("table", { class: "plain" }, make("thead", {}, make("tr", {}, ...["origin.layer", "origin.rows", "origin.changed"].map((key, index) =>
      make("th", { class: index === 1 ? "number" : "" }, t(key))), make("th"))), make("tbody", {}, ...rows)),
    make("p", { class: "muted" }, attribution(status)));
  byId("origin").showModal();
}

/** Return the attribution line of the data: text only. */
export function attribution(facts) {
  const texts = [...new Set(Object.values(facts?.sources ?? {}).flat().flatMap((text) => text.split("; ")))].filter(Boolean);
  return [...texts, ...(facts?.simulated?.length ? [t("attribution.simulated")] : []), "Leaflet"].join(" · ");
}

/** Ask for the status now, and tell who listens when the data changed. */
export async function poll() {
  try {
    const found = await request("/api/status", { quiet: true });
    const different = found.revision !== status?.revision;
    // Incidents that were received live only: what else is shown stays as it is, and nobody is told of each.
    const quiet = found.settled === status?.settled;
    status = found;
    if (different) for (const run of changed) run(found, { quiet });
  } catch (error) {
    console.info("status:", error.message);
  }
  age();
  city();
}

let soon = null;

/** Ask for the status before long: once, however often this is called, and not all pages at the same moment. */
export function pollSoon(ms = 6000) {
  soon ??= setTimeout(() => { soon = null; if (!document.hidden) poll(); }, ms * (1 + Math.random()) + 200);
}

async function city() {
  const coarse = status?.levels?.[0];
  if (cityOf === status?.revision) return;
  cityOf = status?.revision;
  byId("city").hidden = true;
  if (!coarse || status.levels.length < 2) return;
  try {
    const found = await request("/api/grids", { query: { level: coarse }, quiet: true });
    if (found.grids.length !== 1) return;
    byId("city").textContent = found.grids[0].name ?? found.grids[0].code;
    byId("city").dataset.from = "data";
    byId("city").hidden = false;
  } catch (error) {
    console.info("city:", error.message);
  }
}

function dialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("[data-close]")) dialog.close(); });
  }
  byId("help-button").addEventListener("click", () => { closeMenu(); byId("help").showModal(); });
  byId("data-age").addEventListener("click", origin);
}

function showMenu(open) {
  byId("menu").classList.toggle("open", open);
  byId("menu-button").setAttribute("aria-expanded", String(open));
}

/** Close the menu of a small screen; what had the focus in it gives it to the menu's button. */
function closeMenu() {
  const box = byId("menu");
  if (!box.classList.contains("open")) return;
  const inside = box.contains(document.activeElement);
  showMenu(false);
  if (inside) byId("menu-button").focus();
}

function menu() {
  byId("menu-button").addEventListener("click", () => showMenu(!byId("menu").classList.contains("open")));
  document.addEventListener("click", (event) => { if (!event.target.closest("#menu, #menu-button")) showMenu(false); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });
  byId("lang-switch").addEventListener("click", (event) => {
    const url = new URL(location.href);
    url.searchParams.set("lang", new URL(event.currentTarget.href).searchParams.get("lang"));
    event.currentTarget.href = url.href;
  });
}

/** Whether a key was pressed in a field where it means something else. */
export const typing = (event) => event.target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, dialog") !== null || event.ctrlKey || event.metaKey || event.altKey;

function keys(event) {
  if (typing(event)) return;
  if (event.key === "?") byId("help").showModal();
  const reader = { 1: "/command", 2: "/planner", 3: "/grids" }[event.key];
  // As by a click: the link takes the place and the filters along.
  if (reader && `/${page}` !== reader) document.querySelector(`.readers:not([hidden]) a[href^="${reader}"]`)?.click();
}

/** Start the shell of a page. */
export function startShell() {
  byId("theme-button").addEventListener("click", turnTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
  dialogs();
  menu();
  age();
  city();
  document.addEventListener("keydown", keys);
  if (who !== "nobody") setInterval(() => { if (!document.hidden) poll(); }, 30000);
}
