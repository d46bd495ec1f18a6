// How a finding can be mended: proposals with before and after on the map, and their way into a draft. Nothing is changed here.
/* global L */

import { latest, request } from "./api.js";
import { make, toast } from "./dom.js";
import { openDraft } from "./drafts.js";
import { account, moment, number, sentences, t } from "./i18n.js";
import { map } from "./map.js";
import { now } from "./shell.js";
import { colour } from "./symbols.js";

const KEPT = "atlas.draft"; // the draft that steps go into, for all views of this browser tab
const ask = latest();
const preview = L.layerGroup().addTo(map);
const area = (value) => number(value, Math.abs(value) >= 0.1 || value === 0 ? 2 : 6);

/** Take what is previewed off the map. */
export const clearPreview = () => preview.clearLayers();

/** Draw grids as they are (dashed) and as they would be (solid); `side` shows one of both alone. */
export function show(proposals, side = null) {
  preview.clearLayers();
  for (const one of proposals) {
    if (side !== "before") L.geoJSON(one.after, { interactive: false, style: () => ({ color: colour("accent"), weight: 4, fillColor: colour("accent"), fillOpacity: 0.12 }) }).addTo(preview);
    if (side !== "after") L.geoJSON(one.before, { interactive: false, style: () => ({ color: colour("text"), weight: 2, dashArray: "6 5", fill: false }) }).addTo(preview);
  }
}

function effect(one) {
  const said = [];
  if (one.area_before_m2 || one.area_after_m2) said.push(one.grows_m2 === 0 ? t("repair.same_area") : t(one.grows_m2 > 0 ? "repair.grows" : "repair.shrinks", { area: area(Math.abs(one.grows_m2)) }));
  if (one.also.length) said.push(t("repair.also", { count: number(one.also.length) }));
  for (const other of one.brings) said.push(t("repair.brings", { title: other.title }));
  return sentences(said);
}

/** List the proposals for a finding in `box`; `added` runs when one went into a draft. */
export async function propose(row, box, added) {
  box.replaceChildren(make("p", { class: "muted", role: "status" }, t("repair.working")));
  const found = await ask(`/api/findings/${row.id}/repairs`, { query: { wait_s: 20 } });
  if (!found) return;
  if (!found.proposals.length) {
    box.replaceChildren(make("p", { class: "muted" }, t("repair.none")));
    return;
  }
  let [chosen, side] = [found.proposals[0], null];
  const sides = make("div", { class: "repair-sides", role: "group", "aria-label": t("repair.side") }, ...["both", "before", "after"].map((name) => make("button", { type: "button", class: "ghost", "aria-pressed": String(name === "both"), data: { side: name },
    onclick: () => { side = name === "both" ? null : name; for (const one of sides.children) one.setAttribute("aria-pressed", String(one.dataset.side === name)); show([chosen], side); } }, t(`repair.${name}`))));
  const add = make("button", { type: "button", class: "button primary", onclick: () => guarded(add, async () => {
    add.textContent = t("repair.adding", { count: 1, asked: 1 }); // the division with it is audited first
    try {
      await toDraft([{ finding: row.id, method: chosen.method }]);
      added();
    } finally {
      add.textContent = t("repair.add");
    }
  }) }, t("repair.add"));
  const list = make("div", { class: "repair-list", role: "radiogroup", "aria-label": t("repair.title") }, ...found.proposals.map((one, index) => make("label", {},
    make("input", { type: "radio", name: "repair", checked: index === 0, onchange: () => { chosen = one; show([one], side); } }),
    make("span", { data: { from: "data" } }, one.text, make("span", { class: "sub" }, effect(one))))));
  box.replaceChildren(list, sides, add);
  show([chosen], side);
}

async function guarded(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    toast(`${error.message} ${error.remedy ?? ""}`, { error: true });
  } finally {
    button.disabled = false;
  }
}

/** Find the draft that steps go into, or begin one: not in that of another account, nor in one whose grids others changed. */
async function draft() {
  const kept = sessionStorage.getItem(KEPT);
  if (kept) {
    try {
      const found = await request(`/api/drafts/${kept}`);
      if (found.state === "draft" && !found.conflicts.length && (account === null || found.created_by === account)) return found;
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
  const made = await request("/api/drafts", { method: "POST", body: { name: t("repair.draft_name", { time: moment(new Date().toISOString(), now()?.timezone ?? "UTC") }) } });
  sessionStorage.setItem(KEPT, made.id);
  return made;
}

/** Add repairs to the draft, one step each, until `told(tried)` says no; tells how many went in, and returns it. */
export async function toDraft(steps, told = () => true) {
  let { id, name, version } = await draft();
  let done = 0, tried = 0, ended = false;
  try {
    for (const one of steps) {
      tried += 1;
      try {
        ({ version } = await request(`/api/drafts/${id}/steps`, { method: "POST", body: { version, op: "repair", ...one } }));
        done += 1;
      } catch (error) {
        // In a draft an earlier step may have mended it already, or left nothing of what the proposal was about.
        if (steps.length === 1 || ![400, 422].includes(error.status)) throw error;
      }
      if (!told(tried)) break;
    }
    ended = true;
  } finally {
    // What went in before something failed is there too.
    if (done || ended) {
      toast(t(ended && done < tried ? "repair.added_some" : "repair.added", { name, count: number(done), asked: number(tried) }), { key: "repair", action: { label: t("repair.open"), run: () => openDraft(id) } });
      document.dispatchEvent(new CustomEvent("draft-changed", { detail: { id } }));
    }
  }
  return done;
}

/** Look for the best proposal of each of some findings and show all on the map, before any of them goes into a draft. */
export async function proposeAll(rows, box, ended) {
  const [bar, said] = [make("progress", { max: rows.length, value: 0 }), make("p", { role: "status" })];
  let stopped = false;
  const stop = make("button", { type: "button", class: "button", onclick: () => { stopped = true; clearPreview(); ended(0); } }, t("repair.cancel"));
  box.replaceChildren(bar, said, stop);
  const best = [];
  for (const [index, row] of rows.entries()) {
    const found = await request(`/api/findings/${row.id}/repairs`, { query: { wait_s: 20 }, quiet: true });
    if (stopped) return;
    if (found.proposals.length) best.push({ finding: row.id, ...found.proposals[0] });
    bar.value = index + 1;
    said.textContent = t("repair.found", { count: number(best.length), rows: number(index + 1) });
    show(best);
  }
  const add = make("button", { type: "button", class: "button primary", disabled: best.length === 0,
    onclick: () => guarded(add, async () => {
      const tell = (tried) => {
        bar.value = tried;
        said.textContent = t("repair.adding", { count: number(Math.min(tried + 1, best.length)), asked: number(best.length) });
        return !stopped;
      };
      Object.assign(bar, { max: best.length });
      tell(0);
      box.replaceChildren(bar, said, stop);
      try {
        ended(await toDraft(best.map(({ finding, method }) => ({ finding, method })), tell));
      } finally {
        clearPreview();
        if (box.contains(bar)) box.replaceChildren();
      }
    }) }, t("repair.add_all", { count: number(best.length) }));
  box.replaceChildren(said, add, stop);
}
