// What readers take away: the map as a picture, the table in view, the monthly bulletin, a link. The server makes the files.

import { download, Refused } from "./api.js";
import { byId, make, toast } from "./dom.js";
import { lang, t } from "./i18n.js";
import { map, theme, wanted } from "./map.js";
import { copyLink, onTab } from "./panel.js";
import { now } from "./shell.js";
import { address, state } from "./state.js";
import { openPublic, startPublic } from "./take_public.js";

const NOT_ASKED = ["layers", "centre", "zoom", "selected", "tab", "lang"];
const tables = new Map();
let tab = null;

/**
 * Offer the table of a tab: `find()` returns {name, title, sort, query, also} (null while there is none).
 *
 * name: of the service's table (/api/tables/NAME.csv); title: as readers know it; sort: {key, down} or null; query: more parameters, null for those
 * of the address that it does not have; also: a second table of the tab, alike.
 */
export function offerTable(ofTab, find) {
  tables.set(ofTab, find);
}

/** Return everything the view's address says, as the service reads it: its fields have the names of the parameters. */
function asked() {
  const query = {};
  const said = new URL(address()).searchParams;
  for (const name of new Set(said.keys())) if (!NOT_ASKED.includes(name)) query[name] = said.getAll(name);
  return { ...query, level: state.level, lang };
}

const table = () => tables.get(tab)?.() ?? null;

/** Save a file that the service makes; say so when it takes over a second, and what to do when it is refused. */
async function take(button, what, path, query) {
  if (button.getAttribute("aria-busy") === "true") return;
  const file = t(`take.file.${what}`);
  button.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => toast(t("take.making", { file })), 1000);
  try {
    const { blob, name } = await download(path, { query });
    const link = make("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    toast(t("take.made", { file: name }));
    close();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} ${error.remedy}`, { error: true, action: { label: t("error.retry"), run: () => take(button, what, path, query) } });
  } finally {
    clearTimeout(waiting);
    button.removeAttribute("aria-busy");
  }
}

function picture(button) {
  const box = map.getBounds();
  const bbox = [box.getWest(), Math.max(box.getSouth(), -85), box.getEast(), Math.min(box.getNorth(), 85)].map((value) => value.toFixed(6)).join(",");
  take(button, "picture", "/api/picture.png", { ...asked(), layers: wanted().join(",") || ",", bbox, theme: theme(), width: 1600, height: 1000 });
}

function save(button, suffix, found) {
  if (!found) return;
  const { name, sort, query } = found;
  take(button, "table", `/api/tables/${name}.${suffix}`, { ...asked(), ...(sort ? { sort: sort.key, order: sort.down ? "down" : "up" } : {}), ...query });
}

function bulletin(button, form) {
  take(button, "bulletin", `/api/bulletin.${form}`, { month: byId("take-month").value, level: state.level, division: state.division, lang });
}

/** Fill the months that have data, newest first; chosen is that of the window, else the last whole one. */
function months() {
  const box = byId("take-month");
  if (!box) return;
  const status = now();
  const zone = status?.timezone ?? "UTC";
  const month = (iso, shift = 0) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit" }).format(new Date(Date.parse(iso) + shift)).slice(0, 7);
  const none = !status?.time?.first;
  for (const button of document.querySelectorAll('[data-take^="bulletin"]')) button.disabled = none;
  box.disabled = none;
  if (none) {
    box.replaceChildren(make("option", {}, t("take.bulletin.none")));
    return;
  }
  const [first, last] = [month(status.time.first), month(status.time.last)];
  const all = [];
  for (let [year, number] = last.split("-").map(Number); `${year}-${String(number).padStart(2, "0")}` >= first && all.length < 600;) {
    all.push(`${year}-${String(number).padStart(2, "0")}`);
    number -= 1;
    if (number === 0) { number = 12; year -= 1; }
  }
  const shown = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { year: "numeric", month: "long", timeZone: "UTC" });
  const before = box.value;
  box.replaceChildren(...all.map((one) => make("option", { value: one }, shown.format(new Date(`${one}-15T00:00:00Z`)))));
  // The last month is whole when its last day has an incident.
  const whole = month(status.time.last, 86400000) !== last;
  const wished = state.from?.slice(0, 7) ?? (all.includes(before) ? before : whole ? all[0] : all[1] ?? all[0]);
  box.value = all.includes(wished) ? wished : all[0];
}

const items = () => [...byId("take-menu").querySelectorAll(".take-item:not(:disabled), select:not(:disabled)")];

function open() {
  const [menu, button] = [byId("take-menu"), byId("take-button")];
  const found = table();
  byId("take-table").textContent = found ? t("take.table", { table: found.title }) : t("take.table.none");
  for (const suffix of ["csv", "xlsx"]) menu.querySelector(`[data-take="${suffix}"]`).disabled = !found;
  byId("take-also").hidden = !found?.also;
  byId("take-also-title").textContent = found?.also ? t("take.table", { table: found.also.title }) : "";
  for (const one of byId("take-also").querySelectorAll("button")) one.disabled = !found?.also;
  months();
  openPublic();
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  const place = button.getBoundingClientRect();
  menu.style.left = `${Math.max(12, Math.min(place.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 12))}px`;
  menu.style.top = `${Math.max(12, Math.min(place.bottom + 4, innerHeight - menu.offsetHeight - 12))}px`;
  items()[0].focus();
}

function close() {
  const menu = byId("take-menu");
  if (!menu || menu.hidden) return;
  const inside = menu.contains(document.activeElement);
  menu.hidden = true;
  byId("take-button").setAttribute("aria-expanded", "false");
  if (inside) byId("take-button").focus();
}

function keys(event) {
  event.stopPropagation();
  const all = items();
  const place = all.indexOf(document.activeElement);
  const onSelect = document.activeElement?.tagName === "SELECT";
  const goal = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Escape") close();
  else if (goal !== undefined && !onSelect) {
    event.preventDefault();
    all[(goal + all.length) % all.length].focus();
  }
}

/** Let every button with data-xlsx save the service's table of that name. */
export function startXlsx() {
  for (const button of document.querySelectorAll("[data-xlsx]")) {
    button.addEventListener("click", () => take(button, "table", `/api/tables/${button.dataset.xlsx}.xlsx`, asked()));
  }
}

/** Start the menu; tables are offered by the modules of their tabs. */
export function startTakeaway() {
  const menu = byId("take-menu");
  document.body.append(menu); // out of panels that clip and move
  onTab((name) => { tab = name; });
  byId("take-button").addEventListener("click", () => (menu.hidden ? open() : close()));
  menu.addEventListener("keydown", keys);
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(); });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target) && !byId("take-button").contains(event.target)) close(); });
  addEventListener("resize", close);
  const run = {
    picture, csv: (button) => save(button, "csv", table()), xlsx: (button) => save(button, "xlsx", table()),
    "also-csv": (button) => save(button, "csv", table()?.also), "also-xlsx": (button) => save(button, "xlsx", table()?.also),
    "bulletin-pdf": (button) => bulletin(button, "pdf"), "bulletin-xlsx": (button) => bulletin(button, "xlsx"),
    link: () => { close(); copyLink(); },
  };
  startPublic(take);
  for (const button of menu.querySelectorAll("[data-take]")) button.addEventListener("click", () => run[button.dataset.take](button));
}
