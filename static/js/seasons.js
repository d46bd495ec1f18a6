// The year and the week: incidents per day of each month, a line for every year and one for their mean; and of each weekday.

import { textOf, members, weekday } from "./clock.js";
import { addMonths, dayNumber, dayText, monthInWindow } from "./days.js";
import { byId, make } from "./dom.js";
import { lang, number, rounded, t } from "./i18n.js";
import { set, state } from "./state.js";

const NAMES = document.querySelector("svg").namespaceURI; // of the icons of the page
const [LEFT, RIGHT, TOP, FOOT] = [44, 10, 10, 22];
let answer = null;
let cursor = null; // position in the months

function shape(name, attributes, ...children) {
  const made = document.createElementNS(NAMES, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const monthName = (month, style) => new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { month: style, timeZone: "UTC" }).format(new Date(Date.UTC(2024, month - 1, 1)));
const firstDay = (row) => dayNumber(`${row.year}-${String(row.month).padStart(2, "0")}-01`);
const title = (row) => new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { year: "numeric", month: "long", timeZone: "UTC" }).format(new Date(firstDay(row) * 86400000));

const inWindow = (row) => Boolean(state.from || state.to) && monthInWindow(row, state.from, state.to);

/** Choose a month as the window, or all time where it is the window already. */
function choose(row) {
  const wanted = { from: dayText(firstDay(row)), to: dayText(addMonths(firstDay(row), 1)) };
  set(state.from === wanted.from && state.to === wanted.to ? { from: null, to: null } : wanted);
}

function chooseDay(value) {
  const same = textOf("weekdays", members("weekdays", state.weekdays)) === String(value);
  set({ weekdays: same ? null : String(value) });
}

function monthWords(row) {
  const mean = answer.mean_year[row.month - 1];
  return `${t("seasons.month", { month: title(row), count: number(row.incidents), mean: row.per_day === null ? "–" : rounded(row.per_day) })} ${
    t("seasons.mean", { mean: mean === null ? "–" : rounded(mean) })}${row.partial ? ` ${t("seasons.partial", { days: number(row.days) })}` : ""}`;
}

const read = (text) => { byId("rhythm-text").textContent = text ?? rest(); };

function rest() {
  if (!answer) return "";
  const unknown = answer.unknown ? ` ${t("matrix.unknown", { count: number(answer.unknown) })}` : "";
  return `${t("seasons.total", { count: number(answer.total), first: answer.months.length ? title(answer.months[0]) : "–", last: answer.months.length ? title(answer.months.at(-1)) : "–" })}${unknown}`;
}

/** Return round values of an axis from 0 to at least `most`. */
function ticks(most) {
  const rough = most / 4, ten = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * ten).find((one) => one >= rough * 0.999) || 1;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step);
}

const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

function axisY(marks, y, right) {
  return marks.map((value) => shape("g", { class: "tick" }, shape("line", { x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
    shape("text", { x: LEFT - 6, y: y(value) + 5, "text-anchor": "end" }, rounded(value))));
}

function yearChart(box) {
  const wide = Math.max(box.clientWidth, 280), high = box.clientHeight;
  const rows = answer.months.filter((row) => row.per_day !== null);
  const marks = ticks(Math.max(...rows.map((row) => row.per_day), 0) || 1);
  const x = (month) => LEFT + ((month - 0.5) / 12) * (wide - LEFT - RIGHT);
  const y = (value) => high - FOOT - (value / marks.at(-1)) * (high - FOOT - TOP);
  const years = [...new Set(answer.months.map((row) => row.year))];
  const age = (year) => (years.length < 2 ? 1 : (year - years[0]) / (years.at(-1) - years[0]));
  const made = shape("svg", { width: wide, height: high, class: "chart", tabindex: 0, role: "application", "aria-label": t("seasons.title"), "aria-describedby": "rhythm-text" },
    ...axisY(marks, y, wide - RIGHT),
    ...Array.from({ length: 12 }, (_, i) => shape("text", { x: x(i + 1), y: high - 5, "text-anchor": "middle" }, monthName(i + 1, wide > 480 ? "short" : "narrow"))));
  for (const year of years) {
    const points = rows.filter((row) => row.year === year);
    const line = shape("path", { class: "year", d: path(points.map((row) => [x(row.month), y(row.per_day)])) });
    line.style.opacity = 0.25 + 0.75 * age(year) ** 2;
    made.append(line);
  }
  made.append(shape("path", { class: "mean", d: path(answer.mean_year.map((value, i) => [x(i + 1), value]).filter(([, value]) => value !== null).map(([place, value]) => [place, y(value)])) }));
  for (const row of rows) {
    const dot = shape("circle", { cx: x(row.month), cy: y(row.per_day), r: 3.5, class: `dot${row.partial ? " partial" : ""}${inWindow(row) ? " chosen" : ""}`, "data-month": `${row.year}-${row.month}` });
    dot.style.opacity = inWindow(row) ? 1 : 0.35 + 0.65 * age(row.year) ** 2;
    made.append(dot);
  }
  const ring = shape("circle", { r: 7, class: "ring", cx: -20, cy: -20 });
  made.append(ring);
  const point = (row) => {
    cursor = row ? rows.indexOf(row) : null;
    ring.setAttribute("cx", row ? x(row.month) : -20);
    ring.setAttribute("cy", row ? y(row.per_day) : -20);
    read(row ? monthWords(row) : null);
  };
  const nearest = (event) => {
    const frame = made.getBoundingClientRect(), px = event.clientX - frame.left, py = event.clientY - frame.top;
    const apart = (row) => (x(row.month) - px) ** 2 + (y(row.per_day) - py) ** 2;
    return rows.reduce((best, row) => (best === null || apart(row) < apart(best) ? row : best), null);
  };
  made.pointAt = (place) => point(rows[place] ?? null);
  made.addEventListener("pointermove", (event) => point(nearest(event)));
  made.addEventListener("pointerleave", () => point(null));
  made.addEventListener("click", (event) => { const row = nearest(event); if (row) choose(row); });
  made.addEventListener("blur", () => point(null));
  made.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 12, ArrowDown: -12 }[event.key];
    if (step && rows.length) {
      event.preventDefault();
      point(rows[cursor === null ? rows.length - 1 : Math.max(0, Math.min(cursor + step, rows.length - 1))]);
    } else if ((event.key === "Enter" || event.key === " ") && cursor !== null) {
      event.preventDefault();
      event.stopPropagation();
      choose(rows[cursor]);
    }
  });
  return made;
}

function weekChart(box) {
  const wide = Math.max(box.clientWidth, 150), high = box.clientHeight;
  const rows = answer.weekdays;
  const marks = ticks(Math.max(...rows.map((row) => row.per_day ?? 0), 0) || 1);
  const x = (day) => LEFT + ((day - 1) / 7) * (wide - LEFT);
  const y = (value) => high - FOOT - (value / marks.at(-1)) * (high - FOOT - TOP);
  const bar = (wide - LEFT) / 7;
  const chosen = new Set(members("weekdays", state.weekdays));
  const words = (row) => t("seasons.day", { day: weekday(row.weekday, "long"), mean: row.per_day === null ? "–" : rounded(row.per_day), count: number(row.incidents), days: number(row.days) });
  return shape("svg", { width: wide, height: high, class: "chart" }, ...axisY(marks, y, wide), ...rows.map((row) => {
    const value = row.per_day ?? 0;
    const made = shape("g", { class: `weekday${chosen.size && !chosen.has(row.weekday) ? " off" : ""}`, tabindex: 0, role: "button", "aria-pressed": String(chosen.has(row.weekday)), "aria-label": words(row), "data-weekday": row.weekday },
      shape("rect", { x: x(row.weekday), y: TOP, width: bar, height: high - TOP, class: "hit" }),
      shape("rect", { x: x(row.weekday) + bar * 0.15, y: y(value), width: bar * 0.7, height: y(0) - y(value), class: "bar-day" }),
      shape("text", { x: x(row.weekday) + bar / 2, y: high - 5, "text-anchor": "middle" }, weekday(row.weekday, "narrow")));
    for (const name of ["pointerenter", "focus"]) made.addEventListener(name, () => read(words(row)));
    for (const name of ["pointerleave", "blur"]) made.addEventListener(name, () => read());
    made.addEventListener("click", () => chooseDay(row.weekday));
    made.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); chooseDay(row.weekday); } });
    return made;
  }));
}

/** Show the year and the week of an answer of /api/rhythm; without one, show the last again. */
export function drawSeasons(found = answer) {
  answer = found;
  if (!answer || byId("seasons").hidden || byId("season-year").clientWidth === 0) return;
  const kept = document.activeElement?.dataset?.weekday, place = byId("season-year").contains(document.activeElement) ? cursor : undefined;
  const years = answer.months;
  byId("season-year").replaceChildren(years.length ? yearChart(byId("season-year")) : make("p", { class: "more" }, t("brush.none")));
  byId("season-week").replaceChildren(...(years.length ? [weekChart(byId("season-week"))] : []));
  if (kept) byId("season-week").querySelector(`[data-weekday="${kept}"]`)?.focus();
  byId("season-legend").replaceChildren(...(years.length ? [make("li", { class: "unit" }, t("seasons.unit")),
    make("li", {}, make("i", { class: "line" }), years[0].year === years.at(-1).year ? String(years[0].year) : t("seasons.years", { first: years[0].year, last: years.at(-1).year })),
    make("li", {}, make("i", { class: "line mean" }), t("seasons.mean.line")), make("li", {}, make("i", { class: "hollow" }), t("seasons.partial.dot"))] : []));
  read();
  // The keys go on from where they were.
  if (place !== undefined) {
    byId("season-year").querySelector("svg")?.focus();
    byId("season-year").querySelector("svg")?.pointAt(place ?? -1);
  }
}

export function startSeasons() {
  byId("seasons").replaceChildren(make("div", { class: "season-charts" }, make("div", { id: "season-year" }), make("div", { id: "season-week" })), make("ul", { class: "matrix-legend", id: "season-legend" }));
  new ResizeObserver(() => drawSeasons()).observe(byId("seasons"));
}
