// The parts of a grid's profile, made from an answer of /api/profile.

import { windowText } from "./brush.js";
import { monthInWindow } from "./days.js";
import { coverageRows } from "./details.js";
import { make } from "./dom.js";
import { COLON, lang, number, percent, rounded, t, word } from "./i18n.js";
import { mark } from "./map.js";
import { now } from "./shell.js";
import { CHOICE, state } from "./state.js";

const FEW_CATEGORIES = 10;
const data = { data: { from: "data" } };
const part = (title, ...children) => make("section", {}, make("h4", {}, title), ...children);
const none = (text) => make("p", { class: "muted" }, text);

export const nameOf = (row) => (row.name && row.name !== row.code ? `${row.name}  ${row.code}` : row.code);

export function heading(found) {
  const above = found.parent ? `${word(found.parent.level ?? "")} ${found.parent.name ?? found.parent.code}`.replace(/^– /, "") : null;
  return make("header", {}, make("h3", data, found.name ?? found.code),
    make("p", { class: "muted", ...data }, [word(found.level), found.code, above, found.team].filter(Boolean).join(" · ")));
}

/** Say how a rate ratio stands: its figure, its interval, and whether it is more than chance. */
export function against(ratio, key) {
  if (!ratio) return null;
  const verdict = ratio.low > 1 ? "above" : ratio.high < 1 ? "below" : "chance";
  return t(`profile.against.${key}`, { ratio: number(ratio.ratio, 2), low: number(ratio.low, 2), high: number(ratio.high, 2), verdict: t(`profile.verdict.${verdict}`) });
}

/** What the hot spots say of the grid, where grids are what is looked at. */
export const hotspot = (spot) => (spot ? part(t("layer.hotspots"), make("p", {}, make("b", {}, spot.kind)), make("p", data, spot.text)) : null);

export function figures(found) {
  const box = (value, label) => make("div", {}, make("b", data, value), make("span", {}, label));
  const said = [against(found.against.area, "area"), against(found.against.population, "population")].filter(Boolean);
  return make("section", {}, make("p", { class: "muted", ...data }, windowText()), make("div", { class: "key-figures" },
    box(number(found.incidents), `${t("col.incidents")} (${percent(found.share, 1)})`),
    box(rounded(found.per_km2 ?? NaN), t("unit.per_km2")),
    found.per_10k === null ? null : box(rounded(found.per_10k), t("unit.per_10k")),
    box(t("profile.rank", { rank: number(found.rank) }), t("profile.of", { count: number(found.grids) }))),
  ...said.map((text) => make("p", data, text)), said.length ? null : none(t("profile.against.none")));
}

const NAMES = document.querySelector("svg").namespaceURI; // of the icons of the page

function shape(name, attributes, ...children) {
  const made = document.createElementNS(NAMES, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const monthText = (row) => new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { year: "numeric", month: "short", timeZone: "UTC" }).format(new Date(Date.UTC(row.year, row.month - 1, 1)));

/** The months of the record as bars, those of the window in colour. */
export function trend(found) {
  const rows = found.trend.months;
  if (rows.length === 0) return part(t("profile.trend"), none(t("brush.none")));
  const [wide, high] = [388, 72], most = Math.max(...rows.map((row) => row.incidents), 1), step = wide / rows.length;
  const inside = (row) => monthInWindow(row, state.from, state.to);
  const words = (row) => `${monthText(row)}${COLON}${number(row.incidents)}${row.partial ? ` (${t("seasons.partial.dot")})` : ""}`;
  const told = make("p", { class: "muted", role: "status", ...data });
  const rest = () => { told.textContent = t("profile.trend.rest", { first: monthText(rows[0]), last: monthText(rows.at(-1)), most: number(most) }) + (found.trend.beyond ? ` ${t("profile.trend.beyond", { count: number(found.trend.beyond) })}` : ""); };
  const bars = rows.map((row, i) => {
    const tall = row.incidents ? Math.max((row.incidents / most) * (high - 2), 1) : 0;
    const bar = shape("rect", { x: i * step, y: high - tall, width: Math.max(step - (step > 3 ? 1 : 0), 0.5), height: tall, class: `${inside(row) ? "in" : "out"}${row.partial ? " partial" : ""}` });
    const hit = shape("rect", { x: i * step, y: 0, width: step, height: high, class: "hit" });
    hit.addEventListener("pointerenter", () => { told.textContent = words(row); });
    return [bar, hit];
  });
  const chart = shape("svg", { viewBox: `0 0 ${wide} ${high}`, class: "spark", role: "img", "aria-label": `${t("profile.trend")}${COLON}${rows.slice(-24).map(words).join("; ")}`, preserveAspectRatio: "none" }, ...bars.flat(), shape("line", { x1: 0, x2: wide, y1: high, y2: high }));
  chart.addEventListener("pointerleave", rest);
  rest();
  return part(t("profile.trend"), chart, told);
}

function categoryTable(rows, most) {
  return make("table", { class: "plain bars" }, make("colgroup", {}, make("col"), ...[1, 2, 3].map(() => make("col", { class: "figure" }))), make("thead", { class: "visually-hidden" }, make("tr", {}, ...["filter.category", "col.incidents", "profile.share", "profile.everywhere"].map((key) => make("th", {}, t(key))))),
    make("tbody", data, ...rows.map((row) => {
      const bar = make("i");
      bar.style.width = `${(100 * row.share) / most}%`;
      return make("tr", { title: t("profile.category.everywhere", { share: percent(row.everywhere, 1) }) }, make("td", {}, row.category === null ? t("profile.category.unknown") : word(row.category), make("span", { class: "bar" }, bar)),
        make("td", { class: "number" }, number(row.count)), make("td", { class: "number" }, percent(row.share, 1)),
        make("td", { class: "number muted" }, percent(row.everywhere, 1)));
    })));
}

export function categories(found) {
  const rows = found.categories;
  if (rows.length === 0) return part(t("profile.categories"), none(t("profile.categories.none")));
  const rest = rows.slice(FEW_CATEGORIES);
  return part(t("profile.categories"), none(t("profile.categories.note")), categoryTable(rows.slice(0, FEW_CATEGORIES), rows[0].share),
    rest.length ? make("details", {}, make("summary", {}, t("profile.categories.more", { count: number(rest.length), incidents: number(rest.reduce((sum, row) => sum + row.count, 0)) })), categoryTable(rest, rows[0].share)) : null);
}

function linkTo(path, fields) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(fields)) if (value) url.searchParams.set(name, value);
  for (const name of CHOICE) if (name !== "category" && state[name]) url.searchParams.set(name, state[name]);
  for (const name of state.category) url.searchParams.append("category", name);
  return `${url.pathname}${url.search}`;
}

export function coverage(found) {
  const { areas, state: stand, computing, stale, error } = found.coverage;
  const planner = make("a", { href: linkTo("/planner", { level: found.level, selected: `grid:${found.code}` }) }, t("profile.planner"));
  const notes = [
    stand === "computing" && t(areas ? "profile.coverage.newer" : "profile.coverage.computing", { share: percent(computing?.progress ?? 0), step: computing?.step ?? "" }),
    stand !== "computing" && stale && areas && t("profile.coverage.stale"),
    error && `${error.message} ${error.remedy}`,
    !areas && !["computing"].includes(stand) && !error && t("profile.coverage.none"),
  ].filter(Boolean);
  const strip = make("div", { class: "strip", role: "img", "aria-label": t("profile.coverage") });
  if (areas) for (const [name, token] of [["certain_m2", "certain"], ["possible_m2", "possible"], ["blind_m2", "blind"]]) {
    const piece = make("i", { class: `share-${token}` });
    piece.style.width = `${areas.open_m2 > 0 ? (100 * areas[name]) / areas.open_m2 : 0}%`;
    strip.append(piece);
  }
  return part(t("profile.coverage"), ...notes.map((text) => make("p", { class: "muted", role: "status", ...data }, text)), areas ? strip : null,
    areas ? make("dl", {}, ...coverageRows(areas).flatMap(([label, value]) => [make("dt", {}, label), make("dd", data, value)])) : null, make("p", {}, planner));
}

export function cameras(found, pick) {
  const { count, online, listed } = found.cameras;
  if (count === 0) return part(t("profile.cameras", { count: number(0) }), none(t("profile.cameras.none")));
  const state = (row) => t(`state.${row.online === null ? "unknown" : row.online ? "online" : "offline"}`);
  return part(t("profile.cameras", { count: number(count) }), make("p", { class: "muted" }, t("profile.cameras.online", { count: number(online) })),
    make("ul", { class: "picks", ...data }, ...listed.map((row) => make("li", {}, make("button", { type: "button", class: "ghost", data: { camera: row.id ?? "" }, onclick: () => pick(row) },
      `${row.name ?? row.id} · ${word(row.kind ?? "camera_kind_unknown")} · ${state(row)}`)))),
    count > listed.length ? none(t("profile.cameras.more", { count: number(count - listed.length) })) : null);
}

export function findings(found) {
  const { differs, recorded_here: here, near_border: near, near_m, incidents } = found.findings;
  if (incidents === 0) return part(t("profile.findings"), none(t("check.none")));
  const lines = [[differs, "profile.findings.differs"], [here, "profile.findings.here"], [near, "profile.findings.near"]].filter(([count]) => count > 0);
  return part(t("profile.findings"), make("p", data, t("profile.findings.count", { count: number(incidents) })),
    make("ul", { class: "lines", ...data }, ...lines.map(([count, key]) => make("li", {}, t(key, { count: number(count), near: number(near_m) })))),
    make("p", {}, make("a", { href: linkTo("/grids", { tab: "check", level: found.level, selected: `grid:${found.code}`, layers: "grids,assignment" }) }, t("profile.findings.open"))));
}

export function neighbours(found, go) {
  if (found.neighbours.length === 0) return part(t("profile.neighbours"), none(t("profile.neighbours.none")));
  return part(t("profile.neighbours"), make("ul", { class: "picks", ...data }, ...found.neighbours.map((row) => make("li", {},
    make("button", { type: "button", class: "ghost", data: { neighbour: row.code }, onclick: () => go(row.code), onmouseenter: () => mark(row.code), onmouseleave: () => mark(null), onfocus: () => mark(row.code), onblur: () => mark(null) },
      make("span", {}, nameOf(row)), make("span", { class: "figure" }, number(row.incidents)))))));
}

export function facts(found) {
  const rows = [[t("col.team"), found.team ?? "–"], [t("col.parent"), found.parent ? nameOf(found.parent) : "–"], [t("col.population"), number(found.population)],
    [t("col.area"), `${number(found.area_km2, 4)} km²`], ...(found.children ? [[t("col.children"), number(found.children)]] : [])];
  return part(t("profile.facts"), make("dl", {}, ...rows.flatMap(([label, value]) => [make("dt", {}, label), make("dd", data, value)])),
    make("p", { class: "hint" }, t("detail.origin", { revision: found.meta.revision, crs: now()?.crs ?? "–" })));
}
