// Editing the division: drafts in a tab of the supervisor's page, their tools on the map, review, history.

import { latest } from "./api.js";
import { byId, narrow, toast } from "./dom.js";
import { Conflict } from "./draft_conflict.js";
import { History } from "./draft_history.js";
import { Panel } from "./draft_panel.js";
import { Scene } from "./draft_scene.js";
import { Shelf } from "./draft_shelf.js";
import { Tools } from "./draft_tools.js";
import { Topology } from "./draft_topology.js";
import { bordersAddress, gridsOf, Work } from "./draft_work.js";
import { t } from "./i18n.js";
import { map } from "./map.js";
import { onTab, sheet, showTab } from "./panel.js";
import { now, poll } from "./shell.js";
import { onChange, set, state } from "./state.js";
import { fault } from "./workspace.js";

const NEAREST = 13; // from this zoom on borders can be worked on

let active = false;
let raw = null; // the borders as they came, and where: {level, box, answer}
let topology = null;
let scene = null, tools = null, work = null, shelf = null, panel = null, history = null, conflict = null;

const ask = latest();
const levelNow = () => state.level ?? now()?.levels?.at(-1) ?? null;
/** Tell of what was refused; what was not sent for want of an answer stays on offer. */
const dead = (error, action) => {
  if (error.code === "unknown_draft" && !work.draft) set({ draft: null }); // not again with every reload
  toast(`${error.message} ${error.remedy}`, { error: true, action, ...(action?.stays ? { key: "unsent", stays: true } : {}) });
};

// --- borders in view ------------------------------------------------------------------------------------------------

function build() {
  topology = raw ? new Topology(raw.nodes, raw.grids) : null;
  scene.showBorders(topology);
}

function forget() {
  raw = null;
  build();
}

/** Ask for the borders in view when a tool needs them and what is there is not enough. */
async function borders(again = false) {
  if (!active || !tools.tool || !work.editable || work.draft.conflicts?.length) { forget(); return; }
  const small = map.getZoom() < NEAREST;
  byId("draft-near").hidden = !small;
  if (small) { forget(); tools.draw(); return; }
  const view = map.getBounds();
  if (!again && raw && raw.level === levelNow() && raw.box.contains(view) && !raw.cut) return;
  if (topology?.dirty) return; // not under the reader's finger
  const box = view.pad(0.25);
  const level = levelNow(), id = work.id;
  try {
    const answer = await ask(bordersAddress(id), { query: { level, bbox: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((value) => value.toFixed(7)).join(",") }, quiet: true });
    if (!answer || topology?.dirty || work.id !== id || !tools.tool) return;
    raw = { level, box, cut: false, ...plain(answer) };
    build();
    tools.draw();
    tools.card();
    byId("drafts").dataset.borders = String(Number(byId("drafts").dataset.borders ?? 0) + 1);
  } catch (error) {
    if (error.answer?.error?.field !== "bbox") { fault(error, () => borders(again)); return; }
    byId("draft-near").hidden = false; // too many grids in view
    forget();
    tools.draw();
  }
}

/** The answer of the service as a topology takes it. */
function plain(answer) {
  return { nodes: answer.nodes.map(([lon, lat], id) => ({ id, lon, lat })), grids: answer.grids.map(({ code, level, rings }) => ({ code, level, rings })) };
}

// --- the open draft -------------------------------------------------------------------------------------------------

function changed(draft, why) {
  history.hide();
  if (why === "steps") tools.line.clear(); // it is a step now
  scene.showChanges(draft ? gridsOf(draft.grids) : []);
  if (why === "opened" || why === "closed") {
    tools.take(null);
    set({ draft: draft?.id ?? null });
    if (draft) look();
  }
  if (!work.editable) tools.take(null);
  topology?.settle(); // what was dragged is a step now
  raw = null;
  borders(true);
  panel.show(draft, why);
  shelf.renew();
  toolbar();
  if (why === "approve" && draft.state === "applied") poll();
}

/** Bring what a draft changes into view: when none of it is, `whole`: when some of it is not, `force`: in any case. */
function look({ force = false, whole = false } = {}) {
  const box = scene.bounds, view = map.getBounds();
  if (!box || (!force && (whole ? view.contains(box) : view.intersects(box)) && map.getZoom() >= NEAREST)) return;
  map.fitBounds(box.pad(0.6), { maxZoom: 18, animate: false });
}

/** What the buttons over the map can do now. */
function toolbar() {
  const { draft } = work;
  byId("draft-tools").hidden = !(active && work.editable && panel.may.edit);
  byId("draft-undo").disabled = !draft?.can_undo || !work.editable;
  byId("draft-redo").disabled = !draft?.can_redo || !work.editable;
}

function keys(event) {
  if (!active || !work.draft || document.querySelector("dialog[open]")) return;
  const field = event.target.closest?.("input:not([type=checkbox]), select, textarea");
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && !field && ["z", "y"].includes(event.key.toLowerCase())) {
    if (event.key.toLowerCase() === "y" || event.shiftKey) work.redo();
    else if (topology?.dirty) tools.back(); // first what is not yet a step
    else work.undo();
  } else if (command || field || !tools.key(event)) return;
  event.preventDefault();
  event.stopPropagation();
}

function front(name) {
  const was = active;
  active = name === "drafts" || (active && name === "detail");
  if (active === was) return;
  scene.show(active);
  if (active) { shelf.load(); if (state.draft && !work.draft) work.open(state.draft); history.load(); } else { tools.take(null); history.hide(); }
  borders();
  toolbar();
}

/** Start drafts; the page calls it before its tabs are shown. */
export function startDrafts() {
  if (!byId("drafts")) return;
  scene = new Scene(map);
  work = new Work({ changed, conflict: (what) => conflict.open(what), refused: dead });
  panel = new Panel(work, { look: () => { look({ force: true }); if (narrow()) sheet(""); }, compare: (what) => conflict.open(what) });
  conflict = new Conflict(work, panel.may.edit);
  shelf = new Shelf(work);
  history = new History(work, scene, { look, mayEdit: panel.may.edit });
  tools = new Tools(map, scene, { topology: () => topology, revert: build, step: (op, params) => work.step(op, params, (error) => (error.code === "outer_border" ? { label: t("draft.outer"), run: () => work.step(op, { ...params, outer: true }) } : null)), level: levelNow, borders });
  scene.again = () => { scene.showBorders(topology); tools.draw(); };
  byId("draft-undo").addEventListener("click", () => work.undo());
  byId("draft-redo").addEventListener("click", () => work.redo());
  byId("draft-done").addEventListener("click", () => tools.finish());
  byId("draft-back").addEventListener("click", () => tools.back());
  byId("draft-stop").addEventListener("click", () => tools.take(null));
  window.addEventListener("keydown", keys, true);
  map.on("moveend", () => {
    if (topology) { tools.draw(); tools.card(); }
    borders();
  });
  onTab(front);
  // What is open here goes on from what another tab put into it.
  document.addEventListener("draft-changed", ({ detail }) => { if (work.id === detail.id) work.renew(); });
  onChange((names) => { if (names.has("level")) { forget(); borders(true); } });
}

/** Show a draft in the tab of drafts and on the map: another tab put something into it. */
export function openDraft(id) {
  set({ tab: "drafts" });
  showTab("drafts");
  if (narrow()) sheet("right");
  // What was put into it may lie outside of the part of the draft that the map shows.
  return work.open(id).then((draft) => { if (draft) look({ whole: true }); });
}

/** The data changed: the history, the list and what is open may have. */
export async function renewDrafts() {
  if (!active || !shelf.loaded) return;
  await Promise.all([shelf.load(), history.load(), work.draft && !topology?.dirty ? work.renew() : null]);
}
