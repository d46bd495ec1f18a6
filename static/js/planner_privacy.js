// The exposure audit: which cameras see private places, what would take that away, what is not recorded of them.

import { latest, request } from "./api.js";
import { byId, make } from "./dom.js";
import { COLON, COMMA, number, percent, t, word } from "./i18n.js";
import { layer, map, reload } from "./map.js";
import { addressOf, figures, params } from "./planner_data.js";
import { now } from "./shell.js";
import { set, state } from "./state.js";
import { Table } from "./table.js";
import { fault } from "./workspace.js";

const PATIENCE_S = 1;
const AGAIN_MS = 700;
const ask = latest();
let asked = null; // for which choice and state of the data the answer on show was asked
let timer = null;
let shown = false;

const kept = (share) => number(Math.max(0, 100 * share), share > 0 && share < 0.1 ? 1 : 0);
const gaps = (row) => [...row.forbidden.map((one) => t(`privacy.${one.how}`, { place: one.name ?? one.id ?? "–", kind: word(one.kind) })), ...row.missing.map((name) => t(`duty.${name}`)),
  row.without_sign ? t("duty.without_sign") : null, row.retention_short ? t("duty.short", { days: number(row.retention_days) }) : null].filter(Boolean);
const area = (key) => ({ key, label: t(`privacy.${key.split("_")[0]}`), unit: "m²", numeric: true, text: (row) => number(row[key], row[key] > 0 && row[key] < 10 ? 1 : 0) });

const look = (row) => { set({ selected: `camera:${row.id}` }); map.panTo([row.lat, row.lon]); };
const table = new Table(byId("privacy-table"), {
  columns: [
    { key: "id", label: t("word.camera"), name: "name", text: (row) => row.name ?? row.id ?? "–" },
    area("certain_m2"), area("possible_m2"),
    { key: "turn", label: t("privacy.turn.col"), unit: "°", numeric: true, by: (row) => row.remedies?.turn?.deg ?? null, text: (row) => (row.remedies?.turn ? number(row.remedies.turn.deg, 1) : "–") },
    { key: "gaps", label: t("privacy.note"), by: (row) => gaps(row).length, text: (row) => gaps(row).join(COMMA),
      cell: (row) => make("span", { class: row.forbidden.length ? "unmet" : "", title: gaps(row).join("\n") }, row.forbidden.length ? gaps(row)[0] : gaps(row).length ? number(gaps(row).length) : "–") },
  ],
  keyOf: (row) => row.id, label: t("layer.exposure"), sort: null, empty: t("privacy.all"),
  on: { select: look, open: (row) => { look(row); map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18)); } },
});

const line = (text, kind = "") => make("p", { class: kind }, text);

function sums(found) {
  const { totals, meta } = found;
  const box = byId("privacy-sums");
  const none = !meta.private || !(meta.private.zones || meta.private.dwellings);
  const rows = [];
  if (none) rows.push(line(t("privacy.none"), "lead"), line(t("privacy.none.how")));
  else if (totals) {
    rows.push(line(totals.exposed ? t("privacy.lead", { exposed: number(totals.exposed), cameras: number(totals.cameras), certain: number(totals.certain_m2), possible: number(totals.possible_m2) }) : t("privacy.clear"), "lead"));
    if (totals.exposed) rows.push(line(t("privacy.turn", { count: number(totals.turn_helps), loss: number(100 * meta.most_loss) })));
    rows.push(line(t("privacy.private", { zones: number(meta.private.zones), dwellings: number(meta.private.dwellings), strip: number(meta.strip_m), masks: number(meta.private.masks) })));
  }
  if (totals) {
    if (totals.forbidden_in || totals.forbidden_sees) rows.push(line(t("privacy.forbidden", { inside: number(totals.forbidden_in), sees: number(totals.forbidden_sees) }), "unmet"));
    rows.push(line(t("privacy.missing", { purpose: number(totals.no_purpose), owner: number(totals.no_owner), sign: number(totals.no_sign), days: number(totals.no_retention_days) })));
    if (totals.without_sign || totals.retention_short) rows.push(line(t("privacy.wrong", { sign: number(totals.without_sign), days: number(totals.retention_short), least: number(meta.least_days) })));
    if (found.listed > found.cameras.length) rows.push(line(t("privacy.more", { count: number(found.cameras.length), total: number(found.listed) })));
  }
  box.replaceChildren(...rows);
}

/** Tell all that is known of the selected camera. */
export function followPrivacy() {
  const id = state.selected?.startsWith("camera:") ? state.selected.slice(7) : null;
  table.select(id);
  const row = id === null ? null : table.rows.find((one) => one.id === id);
  byId("privacy-detail").hidden = !row;
  if (!row) return;
  const parts = [make("h3", { data: { from: "data" } }, row.name ?? row.id)];
  const list = (title, items) => { if (items.length) parts.push(make("h4", {}, title), make("ul", {}, ...items.map((text) => make("li", {}, text)))); };
  if (row.remedies) {
    parts.push(line(`${t("privacy.certain")}${COLON}${number(row.certain_m2, 1)} m² (${percent(row.certain_share)}), ${t("privacy.possible")}${COLON}${number(row.possible_m2, 1)} m² (${percent(row.possible_share)})`));
    const { turn, range, hfov, mask } = row.remedies;
    const most = number(100 * byId("privacy-detail").mostLoss);
    list(t("privacy.help"), [
      turn ? t("privacy.help.turn", { deg: number(Math.abs(turn.deg), 1), way: t(turn.deg > 0 ? "privacy.clockwise" : "privacy.counter"), loss: kept(turn.loss) }) : t("privacy.help.noturn", { loss: most }),
      range ? t("privacy.help.range", { m: number(range.m, 1), loss: kept(range.loss) }) : null,
      hfov ? t("privacy.help.hfov", { deg: number(hfov.deg, 1), loss: kept(hfov.loss) }) : null,
      mask ? t("privacy.help.mask", { from: number(mask.from_deg, 1), to: number(mask.to_deg, 1), loss: kept(mask.loss) }) : null].filter(Boolean));
    const titles = new Map((figures.standards?.editions ?? []).flatMap((one) => one.tasks).map((one) => [one.task, one.title]));
    const task = (name) => (["below", "unknown"].includes(name) ? t(`privacy.class.${name}`) : titles.get(name) ?? name);
    list(t("privacy.classes"), Object.entries(row.by_class_m2).filter(([, m2]) => m2 > 0).reverse().map(([name, m2]) => `${task(name)}${COLON}${number(m2, 1)} m²`));
  }
  list(t("privacy.zones"), row.zones.map((zone) => zone.name ?? zone.id));
  list(t("privacy.note"), gaps(row));
  byId("privacy-detail").replaceChildren(...parts);
}

/** Say how far the audit is, or why it is not there. */
function job({ state: stand, computing, error }) {
  const working = stand === "computing";
  byId("privacy-job").hidden = stand === "ready";
  byId("privacy-bar").hidden = !working;
  byId("privacy-cancel").hidden = !working;
  byId("privacy-again").hidden = working;
  if (stand === "ready") return;
  byId("privacy-sums").replaceChildren();
  byId("privacy-bar").value = computing?.progress ?? 0;
  byId("privacy-step").textContent = working ? t("privacy.computing", { count: number(now()?.layers.cameras.rows ?? 0), step: computing.step, share: number(100 * computing.progress) })
    : error ? `${t("job.failed")} ${error.message} ${error.remedy}` : t("job.cancelled");
}

/** Cancel the audit, or begin it again. */
async function command(what, button) {
  clearTimeout(timer);
  byId(button).disabled = true;
  try {
    await request(addressOf(`/api/exposure/${what}`), { method: "POST", body: {} });
    await loadPrivacy({ again: true });
  } catch (error) {
    fault(error, () => command(what, button));
  } finally {
    byId(button).disabled = false;
  }
}

/** Load the audit of the present filters, if its tab is on show and it was not loaded yet; ask again until it is there. */
export async function loadPrivacy({ again = false } = {}) {
  for (const link of document.querySelectorAll("[data-privacy]")) link.href = addressOf(link.dataset.privacy);
  const key = JSON.stringify([params(), now()?.revision]);
  if (!shown || (asked === key && !again)) return;
  asked = key;
  clearTimeout(timer);
  try {
    const found = await ask("/api/exposure", { query: { ...params(), wait_s: PATIENCE_S } });
    if (!found) return;
    job(found.meta);
    if (found.meta.state !== "ready") {
      if (found.meta.state === "computing") timer = setTimeout(() => loadPrivacy({ again: true }), AGAIN_MS);
      return;
    }
    byId("privacy-detail").mostLoss = found.meta.most_loss;
    sums(found);
    table.setRows(found.cameras);
    followPrivacy();
    if (layer("exposure")?.answer?.meta.computing) reload(now(), { quiet: true });
  } catch (error) {
    asked = null;
    fault(error, () => loadPrivacy({ again: true }));
  }
}

/** Its tab came on show or went. */
export function showPrivacy(on) {
  shown = on;
  if (on) loadPrivacy();
}

export function startPrivacy() {
  byId("privacy-cancel").addEventListener("click", () => command("cancel", "privacy-cancel"));
  byId("privacy-again").addEventListener("click", () => command("start", "privacy-again"));
  document.querySelector('[data-export="privacy-csv"]').addEventListener("click", () => table.export("exposure"));
}
