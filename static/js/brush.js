// The time brush: a histogram with a window that mouse, finger, keys and date fields move alike.

import { latest, Refused } from "./api.js";
import { byId, toast } from "./dom.js";
import { day, lang, number, t } from "./i18n.js";
import { onChange, queryOf, set, state } from "./state.js";
import { colour, onTheme } from "./symbols.js";

const DAY = 86400000;
const AXIS = 20;
const fetchTimeline = latest();
let zone = "UTC";
let bins = null; // {step, days: [edge as day number], counts, unit}
let drag = null;
let latestDay = null;

const dayNumber = (text) => Math.round(Date.parse(`${text}T00:00:00Z`) / DAY);
const dayText = (value) => new Date(value * DAY).toISOString().slice(0, 10);
const localDay = (iso) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(iso));

const first = () => bins.days[0];
const last = () => bins.days.at(-1);
const begin = () => (state.from ? dayNumber(state.from) : first());
const end = () => (state.to ? dayNumber(state.to) : last());
// The last bin may reach beyond the data; the date fields do not.
const shownEnd = () => (state.to || !latestDay ? end() - 1 : Math.max(Math.min(end() - 1, latestDay), begin()));
const width = () => byId("brush-canvas").clientWidth;
const xOf = (value) => ((value - first()) / (last() - first())) * width();
const dayAt = (x) => Math.round(first() + (Math.max(0, Math.min(x, width())) / width()) * (last() - first()));

function choose(from, to) {
  if (!bins) return;
  const [low, high] = [Math.max(first(), Math.min(from, to)), Math.min(last(), Math.max(from, to))];
  if (high <= low) return;
  set({ from: low <= first() ? null : dayText(low), to: high >= last() ? null : dayText(high) });
}

function draw() {
  const canvas = byId("brush-canvas");
  const scale = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const high = canvas.clientHeight - AXIS;
  const box = byId("brush-window");
  box.hidden = !bins;
  if (!bins) {
    pen.fillStyle = colour("muted"); pen.font = "14px sans-serif"; pen.fillText(t("brush.none"), 0, 24);
    return;
  }
  const most = Math.max(...bins.counts, 1);
  bins.counts.forEach((count, index) => {
    const [x0, x1] = [xOf(bins.days[index]), xOf(bins.days[index + 1])];
    const inside = bins.days[index + 1] > begin() && bins.days[index] < end();
    const tall = (count / most) * (high - 4);
    pen.fillStyle = inside ? colour("ramp-3") : colour("no-data");
    pen.fillRect(x0 + 0.5, high - tall, Math.max(x1 - x0 - 1, 0.8), tall);
  });
  pen.fillStyle = colour("line-strong");
  pen.fillRect(0, high, width(), 1);
  axis(pen, high);
  box.style.left = `${xOf(begin())}px`;
  box.style.width = `${Math.max(xOf(end()) - xOf(begin()), 3)}px`;
  const text = t("brush.window", { from: dayText(begin()), to: dayText(shownEnd()) });
  box.setAttribute("aria-valuetext", text);
  box.setAttribute("aria-valuenow", String(begin() - first()));
  box.setAttribute("aria-valuemax", String(last() - first()));
  byId("brush-unit").textContent = byId("brush-unit").title = `${bins.unit} · ${t("brush.most", { count: number(most) })}`;
  byId("from").value = dayText(begin());
  byId("to").value = dayText(shownEnd());
  byId("from").min = byId("to").min = dayText(first());
  byId("from").max = byId("to").max = dayText(last() - 1);
  byId("all-time").disabled = !state.from && !state.to;
}

function axis(pen, high) {
  const span = last() - first();
  const style = span > 900 ? { year: "numeric" } : span > 100 ? { year: "numeric", month: "short" } : { month: "short", day: "numeric" };
  const format = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { ...style, timeZone: "UTC" });
  pen.fillStyle = colour("muted");
  pen.font = `14px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = "left";
  let free = -1;
  const start = new Date(first() * DAY);
  for (let step = 0; step < 400; step += 1) {
    const date = span > 100 ? new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + step, 1)) : new Date((first() + step) * DAY);
    const x = xOf(date.getTime() / DAY);
    if (x > width()) break;
    const label = format.format(date);
    const wide = pen.measureText(label).width;
    if (x < 0 || x < free || x + wide > width() || (span > 900 && date.getUTCMonth() !== 0) || (span > 300 && date.getUTCMonth() % 3 !== 0)) continue;
    pen.fillRect(x, high, 1, 5);
    pen.fillText(label, x + 3, high + 16);
    free = x + wide + 6;
  }
}

function pointer() {
  const canvas = byId("brush-canvas"), box = byId("brush-window");
  const placed = (event) => event.clientX - canvas.getBoundingClientRect().left;
  let waiting = null, there = 0;
  const follow = (x) => {
    if (!drag) return;
    const moved = dayAt(x) - dayAt(drag.x);
    if (drag.mode === "from") choose(Math.min(dayAt(x), drag.to - 1), drag.to);
    else if (drag.mode === "to") choose(drag.from, Math.max(dayAt(x), drag.from + 1));
    else if (drag.mode === "new") { if (Math.abs(x - drag.x) > 4) choose(dayAt(drag.x), dayAt(x)); }
    else shift(moved, drag.from, drag.to);
  };
  const down = (event, mode) => {
    if (!bins) return;
    event.preventDefault();
    drag = { mode, x: placed(event), from: begin(), to: end() };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  box.addEventListener("pointerdown", (event) => {
    const x = placed(event), near = event.pointerType === "touch" ? 18 : 9;
    down(event, Math.abs(x - xOf(begin())) < near ? "from" : Math.abs(x - xOf(end())) < near ? "to" : state.from || state.to ? "move" : "new");
    box.focus();
  });
  canvas.addEventListener("pointerdown", (event) => down(event, "new"));
  for (const target of [canvas, box]) {
    target.addEventListener("pointermove", (event) => {
      if (!drag) return;
      // Not every pixel asks the service anew.
      there = placed(event);
      waiting ??= setTimeout(() => { waiting = null; follow(there); }, 90);
    });
    target.addEventListener("pointerup", (event) => { if (drag) follow(placed(event)); drag = null; });
    target.addEventListener("pointercancel", () => { drag = null; });
  }
  box.addEventListener("dblclick", () => set({ from: null, to: null }));
}

function shift(days, from = begin(), to = end()) {
  const most = Math.max(first() - from, Math.min(days, last() - to));
  choose(from + most, to + most);
}

function keys(event) {
  if (!bins) return;
  const step = { day: 1, week: 7, month: 30 }[bins.step] * (event.key.startsWith("Page") ? 4 : 1);
  const way = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
  if (way) {
    event.preventDefault();
    if (event.shiftKey) choose(begin(), Math.max(end() + way * step, begin() + 1));
    else if (!state.from && !state.to) choose(way > 0 ? begin() + step : begin(), way > 0 ? end() : end() - step);
    else shift(way * step);
  } else if (event.key === "Home") choose(first(), first() + (end() - begin()));
  else if (event.key === "End") choose(last() - (end() - begin()), last());
}

/** Load the histogram of the chosen categories. */
export async function loadBrush(status) {
  zone = status?.timezone ?? zone;
  latestDay = status?.time?.last ? dayNumber(localDay(status.time.last)) : null;
  let found = null;
  try {
    found = await fetchTimeline("/api/layers/timeline", { query: queryOf(["category", "hours", "weekdays"], null) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} ${error.remedy}`, { error: true, action: { label: t("error.retry"), run: () => loadBrush(status) } });
  }
  if (!found) return;
  const { meta } = found;
  bins = meta.counts.length ? { step: meta.step, counts: meta.counts, unit: found.legend.unit, days: meta.edges.map((edge) => dayNumber(localDay(edge))) } : null;
  draw();
}

export function startBrush(status) {
  pointer();
  byId("brush-window").addEventListener("keydown", keys);
  byId("from").addEventListener("change", (event) => { if (event.target.value) choose(dayNumber(event.target.value), end()); });
  byId("to").addEventListener("change", (event) => { if (event.target.value) choose(begin(), dayNumber(event.target.value) + 1); });
  byId("all-time").addEventListener("click", () => set({ from: null, to: null }));
  onChange((changed) => {
    if (["category", "hours", "weekdays"].some((name) => changed.has(name))) loadBrush(status);
    if (changed.has("from") || changed.has("to")) draw();
  });
  onTheme(draw);
  new ResizeObserver(draw).observe(byId("brush-canvas").parentElement);
  return loadBrush(status);
}

/** Return the window as text for a lead line. */
export function windowText() {
  if (!state.from && !state.to) return t("brush.all");
  if (!bins) return "";
  return t("brush.window", { from: day(`${dayText(begin())}T12:00:00Z`, "UTC"), to: day(`${dayText(shownEnd())}T12:00:00Z`, "UTC") });
}
