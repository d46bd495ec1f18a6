// The views of the big screen, in the order in which they take turns. A view that has nothing to show is passed over.

import { request } from "./api.js";
import { number, percent, t, word } from "./i18n.js";
import { latest } from "./live.js";
import { clock, gridText, seenText } from "./live_tab.js";

const ROWS = 7;
const DAY = 86400000;
export const DAYS = 28; // of the window, up to the last incident
const ask = (path, query) => request(path, { query, quiet: true });

/** Return the window of the figures: the last days of the record, as the store's calendar has them. */
export function windowOf(status) {
  if (!status?.time?.last) return null;
  const day = (ms) => new Intl.DateTimeFormat("en-CA", { timeZone: status.timezone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(ms));
  const last = Date.parse(status.time.last);
  return { from: day(last - (DAYS - 1) * DAY), to: day(last + DAY), last: day(last) };
}

const change = (row) => {
  if (row.kind === "up" || row.kind === "down") return t(`wall.${row.kind}`, { percent: percent(Math.abs(row.percent ?? 0) / 100) });
  return row.before === null || row.before === undefined ? "" : t("wall.usual");
};

async function heat(context) {
  const found = await ask("/api/compare", { ...context.query, by: "categories", against: "previous" });
  const counted = found.state === "ok";
  const density = counted ? null : await ask("/api/density", context.query);
  const rows = counted ? [...found.rows].sort((a, b) => b.now - a.now).filter((row) => row.now > 0) : [];
  return {
    layers: ["heat"], figure: { value: number(counted ? found.total.now : density.total), text: counted ? `${t("wall.incidents")} · ${change({ ...found.total, kind: found.total.kind })}` : t("wall.incidents") },
    rows: rows.slice(0, ROWS - 2).map((row) => ({ name: word(row.category ?? row.name ?? row.code) === "–" ? t("compare.none_category") : word(row.category ?? row.name ?? row.code), value: number(row.now), sub: change(row) })),
    foot: counted ? t("wall.against", { days: number(DAYS) }) : "",
  };
}

async function hot(context) {
  const found = await ask("/api/density", context.query);
  const rows = found.grids.filter((row) => row.incidents > 0).sort((a, b) => b.per_km2 - a.per_km2).slice(0, ROWS);
  if (rows.length === 0) return null;
  return {
    layers: ["density"], marked: rows.map((row) => row.code),
    rows: rows.map((row) => ({ name: row.name ?? row.code, value: number(row.incidents), sub: `${number(row.per_km2)} ${t("unit.per_km2")}` })),
    foot: t("wall.hot.foot"),
  };
}

async function spots(context) {
  const found = await ask("/api/hotspots", { level: context.query.level, unit: "grid", limit: 50 });
  const rows = found.places.filter((row) => row.significant && row.kind === "hot").sort((a, b) => b.z - a.z).slice(0, 4);
  if (found.reason || rows.length === 0) return null;
  return {
    layers: ["density"], places: rows.map((row) => [row.lat, row.lon]),
    rows: rows.map((row) => ({ name: row.name ?? row.code, value: number(row.count), sub: row.explanation })), whole: true,
    foot: t("wall.spots.foot", { count: number(found.hot), tested: number(found.tested) }),
  };
}

async function happened() {
  const rows = latest.slice(0, ROWS - 1);
  if (rows.length === 0) return null;
  return {
    layers: [], fresh: rows, places: rows.map((row) => [row.lat, row.lon]), window: false,
    rows: rows.map((row) => ({ name: word(row.category), value: clock(row.occurred_at ?? row.received_at), sub: [gridText(row), row.team, seenText(row)].filter(Boolean).join(" · "), seen: row.cameras_total > 0 })),
    foot: "",
  };
}

/** name: of the title `wall.view.NAME`; load(context) -> what to show, or null for nothing. context: {query: {level, from, to}}. */
export const VIEWS = [
  { name: "heat", load: heat },
  { name: "hot", load: hot },
  { name: "latest", load: happened },
  { name: "spots", load: spots },
];
