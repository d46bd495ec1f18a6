// The panel of time: one of four linked views of when incidents happen.

import { latest } from "./api.js";
import { first, last, loadBrush, onRecord, startBrush, theRecord, view } from "./brush.js";
import { dayText } from "./days.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { drawMatrix, startMatrix } from "./matrix.js";
import { startPlay, stopPlay } from "./play.js";
import { drawSeasons, startSeasons } from "./seasons.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { fault, selectedGrid } from "./workspace.js";

const VIEWS = { brush: ["brush-tools", "brush-unit", "brush-box"], play: ["brush-tools", "play-line", "play-bar", "brush-box"], hours: ["rhythm-bar", "matrix"], seasons: ["rhythm-bar", "seasons"] };
const fetchRhythm = latest();
let started = false;

/** The grid the rhythm is of; null for all. */
const only = () => (state.of === "grid" ? selectedGrid() : null);

/** Return what the shown view asks of the service: the matrix follows the window, the seasons the part of the record that is shown. */
function query() {
  if (state.panel === "hours") return { ...queryOf(["level", ...CHOICE], null), code: only() };
  const [from, to] = theRecord() ? view() : [null, null];
  const whole = !theRecord() || (from <= first() && to >= last());
  return { ...queryOf(["level", "category", "hours", "weekdays"], null), code: only(), ...(whole ? {} : { from: dayText(from), to: dayText(to) }) };
}

async function load() {
  if (!["hours", "seasons"].includes(state.panel) || (state.panel === "seasons" && !theRecord())) return;
  try {
    const found = await fetchRhythm("/api/rhythm", { query: query() });
    if (found) (state.panel === "hours" ? drawMatrix : drawSeasons)(found);
  } catch (error) {
    fault(error, load);
  }
}

function show() {
  if (!VIEWS[state.panel]) state.panel = "brush";
  const parts = new Set(VIEWS[state.panel]);
  for (const id of new Set(Object.values(VIEWS).flat())) byId(id).hidden = !parts.has(id);
  for (const one of document.querySelectorAll('input[name="panel"]')) one.checked = one.value === state.panel;
  if (state.panel !== "play") stopPlay();
  scope();
}

/** Offer to narrow the rhythm to the selected grid, where there is one. */
function scope() {
  const code = selectedGrid();
  byId("rhythm-scope").hidden = !code;
  byId("rhythm-of").checked = state.of === "grid";
  byId("rhythm-grid").textContent = code ? t("rhythm.only", { grid: code }) : "";
}

/** Load the panel; the first time, start it. */
export function loadTime(status) {
  if (started) return Promise.all([loadBrush(status), load()]);
  started = true;
  for (const one of document.querySelectorAll('input[name="panel"]')) one.addEventListener("change", () => set({ panel: one.value }));
  byId("rhythm-of").addEventListener("change", (event) => set({ of: event.target.checked ? "grid" : null }));
  startMatrix();
  startSeasons();
  startPlay(status);
  show();
  onRecord(() => { if (state.panel === "seasons") load(); });
  onChange((changed) => {
    if (changed.has("panel")) show();
    if (changed.has("selected")) scope();
    const depends = ["panel", "of", "level", ...(state.of === "grid" ? ["selected"] : []), ...(state.panel === "hours" ? CHOICE : ["span"])];
    if (depends.some((name) => changed.has(name))) load();
    if (state.panel === "seasons" && (changed.has("from") || changed.has("to"))) drawSeasons();
  });
  return Promise.all([startBrush(status), load()]);
}
