// The profile of a grid: all that is known of it, in the details of the command centre's page.

import { latest } from "./api.js";
import { onRecord } from "./brush.js";
import { showNothing } from "./details.js";
import { byId, make, toast } from "./dom.js";
import { spotOf } from "./hotspots.js";
import { t } from "./i18n.js";
import { fit } from "./map.js";
import { onTab } from "./panel.js";
import { saveProfile, textOfProfile } from "./profile_export.js";
import { cameras, categories, coverage, facts, figures, findings, heading, hotspot, neighbours, trend } from "./profile_parts.js";
import { CHOICE, queryOf, set, state } from "./state.js";
import { fault, selectedGrid, selectGrid } from "./workspace.js";

/** What the profile depends on, beside the grid. */
export const PROFILE_DEPENDS = ["level", "near_m", "edition", "task", "online_only", "assumed_range_m", "target_height_m", "division", ...CHOICE];
const AGAIN_MS = 4000;
const fetchProfile = latest();
let wanted = null; // code of the grid that is or will be shown
let shown = null; // {code, query} of what is shown
let again = null;
let last = null; // the answer that is shown

const open = () => !byId("pane-detail").hidden;
const asked = (code) => ({ ...queryOf(PROFILE_DEPENDS, null), edition: state.task ? state.edition : null, code });

/** Return the service's table of the selected grid; null while none is selected. */
export function profileTable() {
  const code = selectedGrid();
  return code ? { name: "profile", title: t("profile.title"), sort: null, query: { edition: state.task ? state.edition : null, code } } : null;
}

async function copy(found) {
  try {
    await navigator.clipboard.writeText(textOfProfile(found));
    toast(t("profile.copied"));
  } catch (error) {
    console.info("clipboard:", error.name);
    toast(t("profile.not_copied"), { error: true });
  }
}

function show(found) {
  const box = byId("detail"), top = shown?.code === found.code ? box.parentElement.scrollTop : 0;
  const button = (label, run, needs = null) => make("button", { type: "button", class: "button", data: needs && { needs }, onclick: run }, label);
  const actions = make("div", { class: "actions" },
    found.bounds ? button(t("profile.zoom"), () => fit(found.bounds, { maxZoom: 17.5, animate: true })) : null,
    button("CSV", () => saveProfile(found), "export"), button(t("profile.copy"), () => copy(found)));
  const go = (code) => { selectGrid(code); };
  const pick = (camera) => set({ layers: state.layers?.includes("cameras") ? state.layers : [...(state.layers ?? ["density"]), "cameras"], selected: `camera:${camera.id}` });
  box.replaceChildren(make("article", { class: "profile", "aria-label": t("profile.title") },
    heading(found), actions, figures(found), hotspot(spotOf(found.code)), trend(found), categories(found), coverage(found), cameras(found, pick), findings(found), neighbours(found, go), facts(found)));
  box.parentElement.scrollTop = top;
  last = found;
  shown = { code: found.code, query: JSON.stringify(asked(found.code)) };
}

async function load() {
  clearTimeout(again);
  const code = wanted;
  if (!code || !open()) return;
  const query = asked(code);
  if (shown?.code !== code) byId("detail").replaceChildren(make("p", { class: "more", role: "status" }, t("profile.loading", { grid: code })));
  try {
    const found = await fetchProfile("/api/profile", { query });
    if (!found || wanted !== code) return;
    show(found);
    // Coverage on its way is looked for again, quietly.
    if (found.coverage.state === "computing") again = setTimeout(load, AGAIN_MS);
  } catch (error) {
    if (wanted !== code) return;
    shown = null;
    byId("detail").replaceChildren(make("p", { class: "more", role: "alert" }, `${error.message} ${error.remedy ?? ""}`));
    if (error.status !== 404) fault(error, load);
  }
}

/** Show the profile of the selected grid; nothing where none is. Asks the service only while the details are open. */
export function followProfile() {
  const code = selectedGrid();
  if (!code) {
    wanted = shown = null;
    clearTimeout(again);
    if (!state.selected) showNothing();
    return;
  }
  wanted = code;
  if (shown?.code === code && shown.query === JSON.stringify(asked(code)) && byId("detail").querySelector(".profile")) return;
  load();
}

/** Load the profile anew, as the data changed. */
export function reloadProfile() {
  if (shown) shown.query = "";
  followProfile();
}

export function startProfile() {
  // The words of the window come with the record.
  onRecord(() => { if (shown && last?.code === shown.code && open() && byId("detail").querySelector(".profile")) show(last); });
  onTab((name) => { if (name === "detail") followProfile(); });
}
