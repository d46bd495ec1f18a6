// Play and pause: a window of one length moves through the record, a step after the map of the last one is drawn.

import { request } from "./api.js";
import { begin, end, first, keepInView, last, look, mainPart, onRecord, theRecord } from "./brush.js";
import { addMonths, countIn, dayNumber, dayText, floorDay, nextDay } from "./days.js";
import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";
import { drawn, isOn, layer, map, names } from "./map.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";

const SPEEDS = ["0.5", "1", "2", "3"]; // steps a second; more would flicker
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_SPEED = 0.5;
const CHEAP_MS = 800;
let frames = []; // [from, to) as day numbers
let at = -1;
let playing = false;
let moving = false; // the window is changed by this module
let size = null; // days of "the present window" once it moves

const resting = new Set();

export const isPlaying = () => playing;
/** Be told when playing ends: what would only hold it up is loaded then. */
export const onRest = (run) => resting.add(run);

const stepWord = () => (["day", "week", "month", "window"].includes(state.play) ? state.play : "week");
const range = () => [state.play_from ? Math.max(dayNumber(state.play_from), first()) : mainPart()[0], state.play_to ? Math.min(dayNumber(state.play_to), last()) : mainPart()[1]];

/** Return the windows that are played: whole days, weeks from Monday or months that touch the range, or lengths of the present window. */
function framesOf() {
  const [low, high] = range();
  const found = [];
  if (stepWord() === "window") {
    size ??= end() - begin();
    for (let day = low; day + size <= high; day += size) found.push([day, day + size]);
    return found;
  }
  for (let day = floorDay(low, stepWord()); day < high; day = nextDay(day, stepWord())) found.push([Math.max(day, first()), Math.min(nextDay(day, stepWord()), last())]);
  return found;
}

/** Return the window of the busiest step: its scale of colours holds for all of them. */
function busiest() {
  const record = theRecord();
  let best = null, most = -1;
  for (const [from, to] of frames) {
    const count = countIn(record, from, to);
    if (count > most) [best, most] = [[from, to], count];
  }
  return best;
}

function scale() {
  const best = busiest();
  return best ? { scale_from: dayText(best[0]), scale_to: dayText(best[1]) } : {};
}

const text = ([from, to]) => (to - from === 1 ? dayText(from) : t("brush.window", { from: dayText(from), to: dayText(to - 1) }));

function draw() {
  const slider = byId("play-slider"), some = frames.length > 0;
  slider.max = String(Math.max(frames.length - 1, 0));
  slider.disabled = byId("play-button").disabled = frames.length < 2;
  if (at >= 0) slider.value = String(at);
  slider.setAttribute("aria-valuetext", at >= 0 && some ? text(frames[at]) : t("play.ready", { count: number(frames.length) }));
  byId("play-at").textContent = !some ? t("play.none") : at < 0 ? t("play.ready", { count: number(frames.length) }) : t("play.at", { window: text(frames[at]), step: number(at + 1), count: number(frames.length) });
  byId("play-button").setAttribute("aria-pressed", String(playing));
  byId("play-button").querySelector("span").textContent = playing ? t("play.pause") : t("play.play");
  byId("play-button").dataset.state = playing ? "playing" : "paused";
  byId("play-back").disabled = at <= 0;
  byId("play-on").disabled = !some || at >= frames.length - 1;
  byId("play-calm").hidden = !CALM.matches;
}

/** Lay the windows out anew; keep the place where the window is one of them. */
function layOut() {
  if (!theRecord()) frames = [];
  else frames = framesOf();
  at = theRecord() && (state.from || state.to) ? frames.findIndex(([from, to]) => from === begin() && to === end()) : -1;
  draw();
}

function go(index) {
  at = Math.max(0, Math.min(index, frames.length - 1));
  const [from, to] = frames[at];
  moving = true;
  // One change: the map is asked once for the window and its scale.
  set({ from: dayText(from), to: dayText(to), ...(state.scale_from ? {} : scale()) });
  moving = false;
  keepInView();
  draw();
}

/** Ask for the next step ahead, so that its answers lie ready in the service and in the browser. */
function ahead(index) {
  const next = frames[index];
  if (!next) return;
  const shown = { from: dayText(next[0]), to: dayText(next[1]) };
  const asked = [["/api/density", queryOf(["level", "division", ...CHOICE], null)]];
  if (isOn("density")) asked.push([layer("density").config.url, queryOf(layer("density").config.depends, map)]);
  for (const [path, query] of asked) request(path, { query: { ...query, ...shown }, quiet: true }).catch((error) => console.info("ahead:", error.message));
}

const window_map = () => window.atlas.map;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const failed = () => names.some((name) => isOn(name) && layer(name).error);

async function play() {
  if (playing || frames.length < 2) return;
  playing = true;
  if (at >= frames.length - 1) at = -1;
  while (playing) {
    const begun = performance.now();
    go(at + 1);
    await drawn();
    const taken = performance.now() - begun;
    if (failed() || at >= frames.length - 1) playing = false;
    if (!playing) break;
    if (taken < CHEAP_MS) ahead(at + 1);
    await pause(Math.max(0, 1000 / (CALM.matches ? CALM_SPEED : Number(state.speed) || 1) - taken));
  }
  draw();
  for (const run of resting) run();
}

function pauseNow() {
  playing = false;
  draw();
}

/** Leave the view: stop, and let every picture have its own scale again. */
export function stopPlay() {
  if (playing) pauseNow();
  if (state.scale_from || state.scale_to) set({ scale_from: null, scale_to: null });
}

const toggle = () => (playing ? pauseNow() : play());

function ranges() {
  const record = theRecord();
  if (!record) return {};
  const [begun, ended] = mainPart();
  const back = (months) => [Math.max(addMonths(ended, -months), begun), ended];
  return { all: [null, null], month: back(1), year: back(12) };
}

function drawRange() {
  const known = ranges();
  const same = ([from, to]) => state.play_from === (from === null ? null : dayText(from)) && state.play_to === (to === null ? null : dayText(to));
  const found = Object.keys(known).find((name) => same(known[name]));
  const options = ["all", "year", "month", "window"].map((name) => make("option", { value: name }, t(`play.range.${name}`)));
  if (!found && (state.play_from || state.play_to)) options.push(make("option", { value: "own", data: { from: "data" } }, t("brush.window", { from: state.play_from ?? "–", to: state.play_to ? dayText(dayNumber(state.play_to) - 1) : "–" })));
  byId("play-range").replaceChildren(...options);
  byId("play-range").value = found ?? (state.play_from || state.play_to ? "own" : "all");
}

function chooseRange(name) {
  const [from, to] = name === "window" ? (state.from || state.to ? [begin(), end()] : [null, null]) : ranges()[name] ?? [null, null];
  set({ play_from: from === null ? null : dayText(from), play_to: to === null ? null : dayText(to), ...(state.scale_from ? { scale_from: null, scale_to: null } : {}) });
  look(from ?? mainPart()[0], to ?? mainPart()[1]);
}

/** Start the controls. */
export function startPlay() {
  byId("play-step").replaceChildren(...["day", "week", "month", "window"].map((name) => make("option", { value: name }, t(`play.step.${name}`))));
  byId("play-step").value = stepWord();
  byId("play-speed").replaceChildren(...SPEEDS.map((speed) => make("option", { value: speed }, t("play.speed", { steps: number(Number(speed), speed === "0.5" ? 1 : 0) }))));
  byId("play-speed").value = SPEEDS.includes(state.speed) ? state.speed : "1";
  byId("play-button").addEventListener("click", toggle);
  byId("play-back").addEventListener("click", () => { pauseNow(); go(at - 1); });
  byId("play-on").addEventListener("click", () => { pauseNow(); go(at + 1); });
  let waiting = null;
  byId("play-slider").addEventListener("input", () => {
    pauseNow();
    waiting ??= setTimeout(() => { waiting = null; go(Number(byId("play-slider").value)); }, 90);
  });
  byId("play-step").addEventListener("change", (event) => { size = null; set({ play: event.target.value, scale_from: null, scale_to: null }); });
  byId("play-speed").addEventListener("change", (event) => set({ speed: event.target.value }));
  byId("play-range").addEventListener("change", (event) => chooseRange(event.target.value));
  byId("bottom").addEventListener("keydown", (event) => {
    // On a button the browser itself presses it.
    if (event.key !== " " || state.panel !== "play" || event.target.closest("button, select, input:not([type=range])")) return;
    event.preventDefault();
    toggle();
  });
  CALM.addEventListener("change", draw);
  onRecord(() => { drawRange(); layOut(); });
  onChange((changed) => {
    if (moving || !theRecord()) return;
    if (changed.has("from") || changed.has("to")) {
      if (playing) pauseNow(); // the reader took the window
      if (stepWord() === "window") size = null;
      layOut();
    }
    if (["play", "play_from", "play_to"].some((name) => changed.has(name))) { if (playing) pauseNow(); drawRange(); layOut(); }
    if (changed.has("category") || changed.has("hours") || changed.has("weekdays")) { if (state.scale_from) set({ scale_from: null, scale_to: null }); }
  });
}
