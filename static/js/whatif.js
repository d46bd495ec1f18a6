// What-if on the planner's page: drag, turn, switch off, remove or place cameras and see what it does, before anything is done.
/* global L */

import { Refused, request } from "./api.js";
import { byId, narrow } from "./dom.js";
import { number, t } from "./i18n.js";
import { sheet, showTab } from "./panel.js";
import { Form } from "./whatif_form.js";
import { Scene, shifted } from "./whatif_map.js";
import { Plan } from "./whatif_model.js";
import { showResult, startResult } from "./whatif_result.js";
import { plain, Shelf } from "./whatif_scenarios.js";

const DRAFT = "atlas.whatif";
const NEW = { kind: "fixed", azimuth_deg: 0, hfov_deg: 70, range_m: 50, height_m: 4, online: true };
const AGAIN_MS = 800;

let context = null, plan = null, scene = null, form = null, shelf = null;
let active = false, mine = false, placing = false, chosen = null;
let asking = false, again = false, timer = null;
let answer = null, accepted = [], taken = null;

/** Whether what-if has the map and the keys. */
const whatifActive = () => active && mine;

const stored = (camera) => !camera.startsWith("new-") || plan.known.has(camera);

// --- asking the service: one question at a time, the next one with the newest plan ---------------------------------

async function ask() {
  clearTimeout(timer);
  if (!active) return;
  if (asking) { again = true; return; }
  asking = true;
  try {
    do {
      again = false;
      const sent = plan.changes;
      try {
        const beside = chosen && stored(chosen) ? [chosen] : [];
        took(await request("/api/whatif", { method: "POST", body: { ...plain(context.params()), changes: sent, beside }, quiet: true }), sent);
      } catch (error) {
        refused(error, sent);
      }
    } while (again && active);
  } finally {
    asking = false;
  }
}

function took(found, sent) {
  if (!found.totals) {
    hint(found.error ? `${found.error.message} ${found.error.remedy}` : t("whatif.computing", { progress: number(100 * (found.progress ?? 0)) }));
    timer = setTimeout(ask, AGAIN_MS);
    return;
  }
  accepted = sent;
  answer = found;
  wrong(null);
  for (const { camera, before } of found.cameras) if (before) plan.learn(camera, before);
  if (active) scene.draw(found);
  const any = sent.length > 0;
  showResult(any ? found : null);
  context.showFigures?.(any ? found.totals.after : null);
  byId("whatif").dataset.answered = String(Number(byId("whatif").dataset.answered ?? 0) + 1);
  byId("whatif").dataset.ms = String(found.ms);
  show();
}

function refused(error, sent) {
  if (!(error instanceof Refused)) throw error;
  const field = error.answer?.error?.field ?? "";
  if (sent !== plan.changes) { again = true; if (!field) wrong(error); return; }
  wrong(error, field ? "whatif.refused" : null);
  if (!field || sent === accepted) return;
  // What the service does not take is no step of the plan.
  plan.retreat(accepted);
  form.refuse(field.split(".").at(-1));
}

function wrong(error, key = null) {
  byId("whatif-error").hidden = !error;
  if (error) byId("whatif-error").textContent = key ? t(key, { message: error.message, remedy: error.remedy }) : `${error.message} ${error.remedy}`;
}

// --- the chosen camera ----------------------------------------------------------------------------------------------

function learn(camera) {
  if (plan.known.has(camera)) return;
  const row = context.cameras().find((one) => one.id === camera);
  if (row) plan.learn(camera, { ...row });
}

function choose(camera) {
  plan.rest();
  if (camera) learn(camera);
  const fresh = camera !== chosen;
  chosen = camera;
  show();
  if (fresh && camera) ask();
  else if (fresh && answer) scene.draw({ ...answer, views: { features: answer.views.features.filter((one) => plan.of(one.properties.camera)) } });
}

function titleOf(camera) {
  const facts = plan.facts(camera) ?? plan.known.get(camera);
  if (facts?.name) return facts.name;
  const placed = /^new-(\d+)$/.exec(camera);
  return placed ? t("whatif.chosen.new", { number: placed[1] }) : camera;
}

function edit(fields, gesture) {
  if (chosen && plan.facts(chosen)) plan.set(chosen, fields, gesture);
}

function turn(degrees) {
  const facts = plan.facts(chosen);
  if (facts) edit({ azimuth_deg: ((facts.azimuth_deg ?? 0) + degrees + 360) % 360 }, "turn");
}

function move(east, north) {
  const facts = plan.facts(chosen);
  if (facts) edit(shifted(facts, east, north), "move");
}

// --- what the page shows --------------------------------------------------------------------------------------------

const hint = (text) => { byId("whatif-hint").textContent = text; };

function show() {
  const facts = chosen ? plan.facts(chosen) : null;
  byId("whatif-undo").disabled = !plan.canUndo;
  byId("whatif-redo").disabled = !plan.canRedo;
  byId("whatif-clear").disabled = plan.changes.length === 0;
  byId("whatif-place").setAttribute("aria-pressed", String(placing));
  byId("whatif-place").lastElementChild.textContent = t(placing ? "whatif.place.stop" : "whatif.place");
  context.map.getContainer().parentElement.classList.toggle("whatif-placing", placing && whatifActive());
  if (byId("cross") && whatifActive()) byId("cross").hidden = !placing;
  hint(t(placing ? "whatif.hint.place" : "whatif.hint"));
  form.show(chosen ? { title: titleOf(chosen), facts, change: plan.of(chosen) } : null);
  const turns = facts && facts.kind !== "panoramic" && !(facts.hfov_deg >= 360);
  if (active) scene.choose(facts && { lon: facts.lon, lat: facts.lat }, facts?.azimuth_deg ?? null, turns);
  shelf.show();
}

function changed() {
  if (chosen && !plan.of(chosen) && !plan.known.has(chosen)) chosen = null;
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify({ changes: plan.changes, scenario: context.state.scenario ?? null }));
  } catch (error) {
    console.info("This browser keeps no draft:", error.name);
  }
  show();
  ask();
}

function place(on = !placing) {
  if (on) mineAgain();
  placing = on;
  show();
  if (on) {
    context.map.getContainer().focus({ preventScroll: true });
    if (narrow()) sheet("");
  }
}

function put(at) {
  placing = false;
  chosen = plan.place({ lon: at.lng, lat: at.lat, ...NEW });
  show();
}

// --- pointer and keys -----------------------------------------------------------------------------------------------

function clicked(event) {
  if (!whatifActive() || event.target.closest(".leaflet-control") || (!placing && event.target.closest(".whatif-handle"))) return;
  event.stopPropagation(); // a click of the tool selects no grid
  if (context.map.dragging?.moved()) return;
  if (placing) put(context.map.mouseEventToLatLng(event));
  else choose(scene.hit(context.map.mouseEventToContainerPoint(event))?.camera ?? null);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function keys(event) {
  if (!active || document.querySelector("dialog[open]")) return;
  const field = event.target.closest?.("input:not([type=checkbox]), select, textarea");
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && !field && ["z", "y"].includes(event.key.toLowerCase())) {
    if (event.key.toLowerCase() === "y" || event.shiftKey) plan.redo();
    else plan.undo();
  } else if (command || event.altKey || (field && event.key !== "Escape")) return;
  else if (event.key === "Escape") escape(field);
  else if (placing && event.key === "Enter" && event.target === context.map.getContainer()) put(context.map.getCenter());
  else if (!chosen || !mine) return;
  else if (event.key === "[" || event.key === "]") turn(event.key === "]" ? 5 : -5);
  else if (!(event.target === document.body || event.target.id === "whatif-grab" || context.map.getContainer().contains(event.target))) return;
  else if (ARROWS[event.key]) move(...ARROWS[event.key].map((step) => step * (event.shiftKey ? 10 : 1)));
  else if (event.key === "Delete" && plan.facts(chosen)) plan.remove(chosen);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function escape(field) {
  if (field) field.blur();
  else if (placing) place(false);
  else if (chosen) choose(null);
  else {
    const first = document.querySelector('[role="tab"]').id.slice(4);
    context.set({ tab: null });
    showTab(first);
  }
}

// --- starting, coming to the front, leaving -------------------------------------------------------------------------

function mineAgain() {
  if (mine) return;
  mine = true;
  context.claim?.("whatif", () => { mine = false; placing = false; show(); });
}

function front() {
  active = true;
  mineAgain();
  scene.show(true);
  // What was selected on the map or in a table is what the reader wants to change.
  const selected = context.state.selected?.startsWith("camera:") ? context.state.selected.slice(7) : null;
  if (selected && selected !== taken) choose(selected);
  taken = selected;
  show();
  ask();
}

function back() {
  active = false;
  placing = false;
  mine = false;
  context.release?.("whatif");
  if (byId("cross")) byId("cross").hidden = true;
  scene.show(false);
  scene.choose(null);
  context.map.getContainer().parentElement.classList.remove("whatif-placing");
  context.showFigures?.(null);
  byId("whatif-card").hidden = true;
  clearTimeout(timer);
}

/** Bring the places of a plan into view when none of them is. */
function look(changes) {
  const places = changes.map((change) => plan.facts(change.key ?? change.id) ?? plan.known.get(change.id)).filter((facts) => facts?.lat !== undefined);
  if (!places.length || places.some(({ lat, lon }) => context.map.getBounds().contains([lat, lon]))) return;
  context.map.fitBounds(L.latLngBounds(places.map(({ lat, lon }) => [lat, lon])).pad(0.3), { maxZoom: 18, animate: false });
}

function draft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  } catch (error) {
    console.info("This browser keeps no draft:", error.name);
    return null;
  }
}

/** Start what-if; `given` is described where planner.js calls it. */
export async function startWhatif(given) {
  context = given;
  plan = new Plan(changed);
  form = new Form({
    change: (name, value) => edit({ [name]: value }, `field ${name}`),
    rest: () => plan.rest(),
    remove: () => plan.remove(chosen),
    switch: (on) => edit({ online: on }),
    back: () => plan.restore(chosen),
    close: () => choose(null),
    grab: () => { context.map.getContainer().focus({ preventScroll: true }); if (narrow()) sheet(""); },
  });
  startResult(plan);
  scene = new Scene(context.map, context.cameras, {
    free: () => whatifActive() && !placing,
    chosen: () => chosen,
    placeOf: (camera) => { learn(camera); return plan.facts(camera) ?? null; },
    grab: (camera) => choose(camera),
    drag: (at, ended) => { edit(at, "drag"); if (ended) plan.rest(); },
    turn: (azimuth, ended) => { edit({ azimuth_deg: Math.round(azimuth * 10) / 10 % 360 }, "handle"); if (ended) plan.rest(); },
  });
  shelf = new Shelf(context, plan, {
    answer: () => answer,
    opened: (changes) => { chosen = null; plan.take(changes, { fresh: true }); setTimeout(() => look(changes), 0); },
    done: () => { chosen = null; plan.known.clear(); plan.take([], { fresh: true }); },
    title: titleOf,
  });
  byId("whatif-place").addEventListener("click", () => place());
  byId("whatif-undo").addEventListener("click", () => plan.undo());
  byId("whatif-redo").addEventListener("click", () => plan.redo());
  byId("whatif-clear").addEventListener("click", () => { plan.clear(); shelf.close(); });
  byId("whatif").addEventListener("pointerdown", () => { if (active) mineAgain(); });
  context.map.getContainer().addEventListener("click", clicked, true);
  window.addEventListener("keydown", keys, true);
  context.onShow(front);
  context.onHide(back);
  context.refreshed?.(() => { plan.known.clear(); if (active) ask(); });
  const kept = draft();
  if (context.state.scenario && kept?.scenario !== context.state.scenario) await shelf.open(context.state.scenario);
  else {
    if (kept?.changes?.length) plan.take(kept.changes, { fresh: true });
    if (context.state.scenario) await shelf.open(context.state.scenario, { keep: kept?.changes?.length > 0 });
    else await shelf.load();
  }
}

