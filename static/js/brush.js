// The time brush: a histogram with a window that mouse, finger, keys and date fields move alike. A long record is zoomed
// into and moved along, so that a single day of it can be chosen.

import { latest, Refused } from "./api.js";
import { drawHistogram } from "./brush_draw.js";
import { startPan } from "./brush_pan.js";
import { binsOf, countIn, dayNumber, dayText, localDay, worthwhile } from "./days.js";
import { byId, toast } from "./dom.js";
import { day, number, t } from "./i18n.js";
import { pictured } from "./map.js";
import { onChange, queryOf, set, state } from "./state.js";
import { onTheme } from "./symbols.js";

const LEAST = 7; // days shown at the closest
const STEPS = { day: 1, week: 7, month: 30, year: 365 };
const fetchTimeline = latest();
let zone = "UTC";
let record = null; // {first: day number, counts: one a day}
let opening = null; // the part of it that is shown at first
let bins = null;
let drag = null;
let latestDay = null;
const heard = new Set();

/** Be told when the histogram was loaded. */
export const onRecord = (run) => heard.add(run);
/** The record of the chosen categories, hours and weekdays: {first, counts}; null until it is loaded or without incidents. */
export const theRecord = () => record;

export const first = () => record.first;
export const last = () => record.first + record.counts.length;
export const begin = () => (state.from ? dayNumber(state.from) : first());
export const end = () => (state.to ? dayNumber(state.to) : last());
// The last bin may reach beyond the data; the date fields do not.
const shownEnd = () => (state.to || !latestDay ? end() - 1 : Math.max(Math.min(end() - 1, latestDay), begin()));
const width = () => byId("brush-canvas").clientWidth;

/** Return the part of the record that is shown, [from, to). */
export function view() {
  const [from, to] = (state.span ?? "").split("_").map(dayNumber);
  if (!(from < to)) return opening;
  const low = Math.max(Math.min(from, last() - 1), first());
  return [low, Math.min(Math.max(to, low + 1), last())];
}

const xOf = (value) => { const [from, to] = view(); return ((value - from) / (to - from)) * width(); };
const dayAt = (x) => { const [from, to] = view(); return Math.round(from + (Math.max(0, Math.min(x, width())) / width()) * (to - from)); };

/** Return the record without a long thin tail, [from, to): what is shown at first and played as a whole. */
export const mainPart = () => opening;

/** Show another part of the record, [from, to), kept inside it. */
export function look(from, to) {
  const size = Math.max(Math.min(Math.round(to - from), last() - first()), Math.min(LEAST, last() - first()));
  const low = Math.round(Math.max(first(), Math.min(from, last() - size)));
  set({ span: `${dayText(low)}_${dayText(low + size)}` });
}

/** Zoom by a factor about a day. */
function zoom(factor, about) {
  const [from, to] = view();
  const centre = about ?? (state.from || state.to ? Math.max(from, Math.min((begin() + end()) / 2, to)) : (from + to) / 2);
  look(centre - (centre - from) * factor, centre + (to - centre) * factor);
}

/** Choose the window [from, to) of day numbers, kept inside the record. */
export function choose(from, to) {
  if (!record) return;
  const [low, high] = [Math.max(first(), Math.min(from, to)), Math.min(last(), Math.max(from, to))];
  if (high <= low) return;
  set({ from: low <= first() ? null : dayText(low), to: high >= last() ? null : dayText(high) });
}

function draw() {
  const box = byId("brush-window");
  box.hidden = !record;
  byId("brush-tools").hidden = !record || !["brush", "play"].includes(state.panel);
  if (record) fields();
  if (byId("brush-canvas").clientWidth === 0) return; // another view is shown
  bins = record && binsOf(record, ...view(), width());
  drawHistogram(byId("brush-canvas"), bins, { view: record ? view() : [], window: record ? [begin(), end()] : [], xOf });
  byId("brush-pan").hidden = !record || view()[1] - view()[0] >= last() - first();
  if (!record) return;
  tell(box);
  const [from, to] = view(), whole = last() - first();
  const thumb = byId("brush-pan").firstElementChild;
  thumb.style.left = `${(100 * (from - first())) / whole}%`;
  thumb.style.width = `${Math.max((100 * (to - from)) / whole, 1)}%`;
  byId("brush-pan").setAttribute("aria-valuetext", t("brush.window", { from: dayText(from), to: dayText(to - 1) }));
  byId("brush-in").disabled = to - from <= LEAST;
  byId("brush-out").disabled = byId("brush-whole").disabled = to - from >= whole;
}

function tell(box) {
  const [from, to] = view();
  const left = Math.max(xOf(begin()), -8), right = Math.min(xOf(end()), width() + 8);
  box.hidden = right < 0 || left > width();
  box.style.left = `${left}px`;
  box.style.width = `${Math.max(right - left, 3)}px`;
  box.setAttribute("aria-valuetext", t("brush.window", { from: dayText(begin()), to: dayText(shownEnd()) }));
  box.setAttribute("aria-valuenow", String(begin() - first()));
  box.setAttribute("aria-valuemax", String(last() - first()));
  const beyond = countIn(record, first(), from) + countIn(record, to, last());
  const unit = `${t(`brush.unit.${bins.step}`)} · ${t("brush.most", { count: number(bins.most) })}${beyond ? ` · ${t("brush.beyond", { count: number(beyond) })}` : ""}`;
  byId("brush-unit").textContent = byId("brush-unit").title = unit;
}

function fields() {
  byId("from").value = dayText(begin());
  byId("to").value = dayText(shownEnd());
  byId("from").min = byId("to").min = dayText(first());
  byId("from").max = byId("to").max = dayText(last() - 1);
  byId("all-time").disabled = !state.from && !state.to;
}

function pointer() {
  const canvas = byId("brush-canvas"), box = byId("brush-window"), frame = canvas.parentElement;
  const placed = (event) => event.clientX - canvas.getBoundingClientRect().left;
  const fingers = new Map();
  let waiting = null, there = 0, pinch = null;
  const follow = (x) => {
    if (!drag) return;
    const moved = dayAt(x) - dayAt(drag.x);
    if (drag.mode === "from") choose(Math.min(dayAt(x), drag.to - 1), drag.to);
    else if (drag.mode === "to") choose(drag.from, Math.max(dayAt(x), drag.from + 1));
    else if (drag.mode === "new") { if (Math.abs(x - drag.x) > 4) choose(dayAt(drag.x), dayAt(x)); }
    else shift(moved, drag.from, drag.to);
  };
  const down = (event, mode) => {
    if (!record) return;
    event.preventDefault();
    fingers.set(event.pointerId, placed(event));
    event.currentTarget.setPointerCapture(event.pointerId);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      pinch = { view: view(), apart: Math.max(Math.abs(a - b), 10), middle: (a + b) / 2 };
      drag = null;
    } else if (fingers.size === 1) drag = { mode, x: placed(event), from: begin(), to: end() };
  };
  box.addEventListener("pointerdown", (event) => {
    const x = placed(event), near = event.pointerType === "touch" ? 18 : 9;
    down(event, Math.abs(x - xOf(begin())) < near ? "from" : Math.abs(x - xOf(end())) < near ? "to" : state.from || state.to ? "move" : "new");
    box.focus();
  });
  canvas.addEventListener("pointerdown", (event) => down(event, "new"));
  const lift = (event) => { fingers.delete(event.pointerId); if (fingers.size < 2) pinch = null; drag = null; };
  for (const target of [canvas, box]) {
    target.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, placed(event));
      if (pinch && fingers.size === 2) {
        const [a, b] = [...fingers.values()], [from, to] = pinch.view;
        const size = (to - from) * (pinch.apart / Math.max(Math.abs(a - b), 10));
        const about = from + (pinch.middle / width()) * (to - from);
        look(about - ((a + b) / 2 / width()) * size, about + (1 - (a + b) / 2 / width()) * size);
      }
      if (!drag) return;
      // Not every pixel asks the service anew.
      there = placed(event);
      waiting ??= setTimeout(() => { waiting = null; follow(there); }, 90);
    });
    target.addEventListener("pointerup", (event) => { if (drag) follow(placed(event)); lift(event); });
    target.addEventListener("pointercancel", lift);
  }
  box.addEventListener("dblclick", () => set({ from: null, to: null }));
  frame.addEventListener("wheel", (event) => {
    if (!record) return;
    event.preventDefault();
    const [from, to] = view(), sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) look(from + (sideways / width()) * (to - from), to + (sideways / width()) * (to - from));
    else zoom(event.deltaY > 0 ? 1.25 : 0.8, from + (Math.max(0, Math.min(placed(event), width())) / width()) * (to - from));
  }, { passive: false });
}

function shift(days, from = begin(), to = end()) {
  const most = Math.max(first() - from, Math.min(days, last() - to));
  choose(from + most, to + most);
}

function keys(event) {
  if (!record || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[bins.step] * (event.key.startsWith("Page") ? 4 : 1);
  const way = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
  const closer = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
  if (way) {
    event.preventDefault();
    if (event.shiftKey) choose(begin(), Math.max(end() + way * step, begin() + 1));
    else if (!state.from && !state.to) choose(way > 0 ? begin() + step : begin(), way > 0 ? end() : end() - step);
    else shift(way * step);
    keepInView();
  } else if (event.key === "Home") { choose(first(), first() + (end() - begin())); keepInView(); }
  else if (event.key === "End") { choose(last() - (end() - begin()), last()); keepInView(); }
  else if (closer || event.key === "0") {
    event.stopPropagation(); // elsewhere these keys zoom the map
    if (closer) zoom(closer);
    else look(first(), last());
  }
}

/** Move what is shown so that the window is in it. */
export function keepInView() {
  if (!record) return;
  const [from, to] = view();
  if (begin() >= from && end() <= to) return;
  const size = Math.max(to - from, end() - begin());
  const low = begin() < from ? begin() : end() - size;
  look(low, low + size);
}

/** Return the counts of each day; of a record too long for that, those of each bin at its first day. */
function recordOf({ daily, edges, counts }) {
  if (daily) return { first: dayNumber(daily.first), counts: daily.counts };
  if (edges.length < 2) return null;
  const days = edges.map((edge) => dayNumber(localDay(edge, zone)));
  const found = { first: days[0], counts: new Array(days.at(-1) - days[0]).fill(0) };
  counts.forEach((count, index) => { found.counts[days[index] - days[0]] = count; });
  return found;
}

/** Load the histogram of the chosen categories. */
export async function loadBrush(status) {
  zone = status?.timezone ?? zone;
  latestDay = status?.time?.last ? dayNumber(localDay(status.time.last, zone)) : null;
  let found = null;
  try {
    found = await fetchTimeline("/api/layers/timeline", { query: queryOf(["category", "hours", "weekdays"], null) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} ${error.remedy}`, { error: true, action: { label: t("error.retry"), run: () => loadBrush(status) } });
  }
  if (!found) return;
  record = recordOf(found.meta);
  opening = record && worthwhile(record);
  draw();
  for (const run of heard) run();
}

export function startBrush(status) {
  pointer();
  startPan(byId("brush-pan"), { share: (part) => { const [from, to] = view(), moved = part * (last() - first()); look(from + moved, to + moved); } });
  byId("brush-window").addEventListener("keydown", keys);
  byId("brush-in").addEventListener("click", () => zoom(0.5));
  byId("brush-out").addEventListener("click", () => zoom(2));
  byId("brush-whole").addEventListener("click", () => look(first(), last()));
  const typed = (event, run) => { if (event.target.value) { run(dayNumber(event.target.value)); keepInView(); } };
  byId("from").addEventListener("change", (event) => typed(event, (value) => choose(value, end())));
  byId("to").addEventListener("change", (event) => typed(event, (value) => choose(begin(), value + 1)));
  byId("all-time").addEventListener("click", () => set({ from: null, to: null }));
  onChange((changed) => {
    if (["category", "hours", "weekdays"].some((name) => changed.has(name))) pictured().then(() => loadBrush(status));
    if (["from", "to", "span", "panel", "play_from", "play_to"].some((name) => changed.has(name))) draw();
  });
  onTheme(draw);
  new ResizeObserver(draw).observe(byId("brush-canvas").parentElement);
  return loadBrush(status);
}

/** Return the window as text for a lead line. */
export function windowText() {
  if (!state.from && !state.to) return t("brush.all");
  if (!record) return "";
  return t("brush.window", { from: day(`${dayText(begin())}T12:00:00Z`, "UTC"), to: day(`${dayText(shownEnd())}T12:00:00Z`, "UTC") });
}
