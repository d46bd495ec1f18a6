// The score of the shown picture beside its legend: made from the earlier part of the window, judged on the last.

import { latest, Refused } from "./api.js";
import { make } from "./dom.js";
import { day, number, percent, t } from "./i18n.js";
import { isOn, layer, on, pictured } from "./map.js";
import { underLegend } from "./panel.js";
import { now as status } from "./shell.js";
import { CHOICE, queryOf, state } from "./state.js";
import { colour, onTheme } from "./symbols.js";

const SURFACES = {
  heat: { surface: "heat", depends: [...CHOICE, "radius_m", "kernel", "weight"] },
  density: { surface: "grids", depends: ["level", "metric", ...CHOICE] },
};
const SHOWN = 1; // the place among the shares of the area that the short text tells: 5 %
const LINES = { surface: ["score.this", [], 2.5], baseline: ["score.last", [5, 3], 1.6], best: ["score.best", [1.5, 3], 1.4], chance: ["score.chance", [], 1] };
const WAIT_MS = 250;
const entries = new Map();
const zone = () => status()?.timezone ?? "UTC";

const span = (side) => t("compare.span", { from: day(side.from, zone()), to: day(new Date(new Date(side.to).getTime() - 1).toISOString(), zone()) });

function stroke(pen, name) {
  const [, dash, width] = LINES[name];
  pen.strokeStyle = colour({ surface: "accent", baseline: "text", best: "muted", chance: "line-strong" }[name]);
  pen.lineWidth = width;
  pen.setLineDash(dash);
}

/** Draw hit rate over flagged area. */
function draw(canvas, curve) {
  const scale = devicePixelRatio || 1;
  const [wide, tall] = [canvas.clientWidth || 200, canvas.clientHeight || 150];
  canvas.width = wide * scale;
  canvas.height = tall * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const [left, bottom] = [2, tall - 20];
  const at = (area, rate) => [left + area * (wide - left - 2), bottom - rate * (bottom - 4)];
  pen.fillStyle = colour("muted");
  pen.font = `14px ${getComputedStyle(document.body).fontFamily}`;
  pen.fillText("0", left, tall - 4);
  pen.textAlign = "right";
  pen.fillText("100 %", wide - 2, tall - 4);
  pen.textAlign = "left";
  pen.strokeStyle = colour("line");
  pen.lineWidth = 1;
  pen.strokeRect(left + 0.5, 4.5, wide - left - 3, bottom - 4);
  for (const name of ["chance", "best", "baseline", "surface"]) {
    stroke(pen, name);
    pen.beginPath();
    curve.area.forEach((area, index) => {
      const [x, y] = at(area, name === "chance" ? area : curve[name][index]);
      if (index) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
    pen.stroke();
  }
  canvas.dataset.drawn = "true";
}

function key(name) {
  const canvas = make("canvas", { "aria-hidden": "true", width: 52, height: 28 });
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  stroke(pen, name);
  pen.beginPath(); pen.moveTo(0, 7); pen.lineTo(26, 7); pen.stroke();
  return make("li", {}, canvas, make("span", {}, t(LINES[name][0])));
}

function figures(found) {
  return make("table", { class: "plain" },
    make("thead", {}, make("tr", {}, ...["score.area", "score.rate", "PAI", "PEI", "score.naive"].map((name) => make("th", { scope: "col", class: "number" }, name.startsWith("score.") ? t(name) : name)))),
    make("tbody", { data: { from: "data" } }, ...found.at.map((row) => make("tr", {}, ...[percent(row.area_share, row.area_share < 0.02 ? 1 : 0), percent(row.hit_rate), number(row.pai, 1), number(row.pei, 2), number(row.baseline.pai, 1)]
      .map((text) => make("td", { class: "number" }, text))))));
}

function body(entry) {
  if (entry.error) return [make("p", { class: "muted" }, t("score.failed", { message: `${entry.error.message} ${entry.error.remedy}` }))];
  const found = entry.answer;
  if (!found || entry.loading) return [make("p", { class: "muted", role: "status" }, t("score.working"))];
  if (found.state !== "ok") {
    return [make("p", { class: "muted", role: "status" }, t(`score.state.${found.state}`, { build: number(found.build?.incidents), count: number(found.test?.incidents), fewest: number(found.fewest) }))];
  }
  const row = found.at[SHOWN];
  const canvas = make("canvas", { role: "img", "aria-label": t("score.axis") });
  const more = make("details", { open: entry.open, ontoggle: () => { entry.open = more.open; if (more.open) draw(canvas, found.curve); } },
    make("summary", {}, t("score.more")), canvas, make("p", { class: "muted" }, t("score.axis")),
    make("ul", { class: "keys-of" }, ...Object.keys(LINES).map(key)), figures(found),
    make("p", { class: "muted" }, t("score.note", { count: number(found.cells.count), side: number(found.cells.side_m), last: span(found.last) })),
    found.cells.within === "box" ? make("p", { class: "muted" }, t("score.box")) : null);
  entry.paint = () => { if (more.open) draw(canvas, found.curve); };
  requestAnimationFrame(entry.paint);
  return [
    make("p", { data: { from: "data" } }, make("b", {}, t("score.hit", { rate: percent(row.hit_rate), area: percent(row.area_share) }))),
    make("p", { data: { from: "data" } }, make("b", {}, t("score.pai", { pai: number(row.pai, 1), pei: number(row.pei, 2) })), " · ", t("score.baseline", { pai: number(row.baseline.pai, 1) })),
    row.baseline.pai > row.pai ? make("p", {}, t("score.worse")) : null,
    make("p", { class: "muted", data: { from: "data" } }, t("score.made", { build: span(found.build), test: span(found.test), count: number(found.test.incidents) })), more];
}

/** Fill the box of a layer; it is one element all the time, so that what is unfolded stays so. */
function show(entry) {
  entry.box.dataset.state = entry.loading ? "working" : entry.error ? "failed" : entry.answer?.state ?? "working";
  entry.box.replaceChildren(...body(entry).filter(Boolean));
}

async function load(name) {
  const entry = entries.get(name);
  const { surface, depends } = SURFACES[name];
  entry.asked = true;
  entry.due = false;
  entry.loading = true;
  entry.error = null;
  show(entry);
  try {
    // Quiet: the map and the tables do not wait for it.
    const found = await entry.fetch("/api/score", { query: { ...queryOf(depends, null), surface }, quiet: true });
    if (!found) return;
    entry.answer = found;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    entry.error = error;
  }
  if (entry.due) return; // of what was chosen before: the score of what is chosen now is about to be asked for
  entry.loading = false;
  show(entry);
}

function later(name) {
  const entry = entries.get(name);
  clearTimeout(entry.timer);
  entry.due = true;
  entry.timer = setTimeout(async () => { await pictured(); if (isOn(name)) load(name); else entry.asked = false; }, WAIT_MS);
}

/** Judge anew what is shown when what it depends on changed. */
export function followScore(changed) {
  for (const [name, { depends }] of Object.entries(SURFACES)) {
    if (depends.some((one) => changed.has(one))) {
      const entry = entries.get(name);
      entry.asked = false;
      entry.due = entry.loading = true;
      show(entry);
      if (isOn(name)) later(name);
    }
  }
}

export function startScore() {
  for (const name of Object.keys(SURFACES)) {
    const box = make("section", { class: "score", "aria-label": t("score.title") });
    entries.set(name, { box, fetch: latest(), answer: null, error: null, loading: false, asked: false, due: false, open: false, timer: null, paint: null, revision: null });
    underLegend.set(name, () => box);
  }
  on("loaded", (name) => {
    const entry = entries.get(name);
    if (!entry || layer(name).loading || !isOn(name)) return;
    // The picture comes first; its score after it, and anew when the data changed.
    const revision = layer(name).answer?.meta?.revision ?? null;
    if (entry.asked && entry.revision === revision) return;
    entry.revision = revision;
    entry.asked = true;
    later(name);
  });
  onTheme(() => { for (const entry of entries.values()) entry.paint?.(); });
}
