// The queue of incidents whose grid is doubtful: sorted, paged, decided one or many at a time, with the map following.

import { latest, request } from "./api.js";
import { detail, fault } from "./workspace.js";
import { showIncident } from "./details.js";
import { byId, make, narrow, toast } from "./dom.js";
import { startFlows } from "./flows.js";
import { COMMA, moment, number, t, word } from "./i18n.js";
import { map, wanted } from "./map.js";
import { sheet } from "./panel.js";
import { now, poll, typing } from "./shell.js";
import { CHOICE, onChange, queryOf, set, state } from "./state.js";
import { swatch } from "./symbols.js";
import { Table } from "./table.js";
import { offerTable } from "./takeaway.js";

const PAGE = 100;
const KINDS = ["differs", "outside", "near_border"];
const WORST = ["outside", "differs", "near_border"];
const ask = latest();

// Who may not decide is not offered it.
const mayDecide = byId("decide") !== null;
const asked = { why: null, state: "open", by: "doubt", down: false, head: null, offset: 0 };
const checked = new Set();
let found = null;
let shown = false;
let flows = null;

const zone = () => now()?.timezone ?? "UTC";
const reasons = (row) => row.why.map((one) => t(`why.${one}`)).join(COMMA);
const worst = (row) => WORST.find((one) => row.why.includes(one)) ?? "near_border";

/** A table that the service sorts: what is on other pages counts too. */
class Queue extends Table {
  ordered() { return this.rows; }
  sortBy(column) {
    const by = column.sorted ?? column.key;
    Object.assign(asked, { by, down: asked.by === by ? !asked.down : false, head: column.key, offset: 0 });
    load();
  }
}

const counts = (row) => (row.decision ? (row.decision.elsewhere ? t("decide.elsewhere") : row.decision.grid ?? t("why.outside")) : row.located ?? t("why.outside"));

const table = new Queue(byId("check-table"), {
  columns: [
    ...(mayDecide ? [{ key: "tick", label: "", title: t("decide.choose"), sorted: "doubt", name: "sign", text: () => "", cell: (row) => make("input", { type: "checkbox", checked: checked.has(row.id), "aria-label": t("decide.choose_one", { id: row.id }), onchange: (event) => tick(row, event.target.checked) }) }] : []),
    { key: "reason", label: "", title: t("col.doubt"), sorted: "doubt", name: "sign", text: reasons, cell: (row) => make("span", { title: reasons(row) }, swatch(`doubt-${worst(row)}`)) },
    { key: "occurred_at", label: t("col.incident"), name: "name", text: (row) => word(row.category), cell: (row) => make("span", {}, word(row.category), make("span", { class: "sub" }, moment(row.occurred_at, zone()))) },
    { key: "recorded", label: t("col.recorded_located"), name: "name", text: (row) => `${row.recorded ?? "–"} → ${counts(row)}`,
      cell: (row) => make("span", {}, row.recorded ?? "–", make("span", { class: "sub" }, `→ ${row.located ?? t("why.outside")}`), row.decision ? make("span", { class: "sub decided" }, t("decide.to", { grid: counts(row) })) : null) },
    { key: "distance_m", label: t("col.border"), unit: "m", numeric: true, text: (row) => number(row.distance_m, 1) },
  ],
  keyOf: (row) => row.id, label: t("layer.assignment"), empty: t("check.none"),
  on: { select: (row) => follow(row), open: (row) => { follow(row); detail(); } },
});

/** Show an incident of the queue on the map and in the details; say what was decided. */
function follow(row) {
  set({ selected: `incident:${row.id}` });
  map.setView([row.lat, row.lon], Math.max(map.getZoom(), 18));
  showIncident({ ...row, why: worst(row) });
  form();
}

function tick(row, on) {
  if (on) checked.add(row.id); else checked.delete(row.id);
  form();
}

/** The rows that a decision is for: those that are ticked, else the selected one. */
function targets() {
  const rows = found?.rows ?? [];
  const ticked = rows.filter((row) => checked.has(row.id));
  return ticked.length ? ticked : rows.filter((row) => row.id === table.selected);
}

function candidates(rows) {
  const codes = new Map();
  for (const row of rows) for (const code of [row.recorded, row.located, ...row.beside]) if (code) codes.set(code, (codes.get(code) ?? 0) + 1);
  return [...codes].sort((a, b) => b[1] - a[1]).map(([code]) => code).slice(0, 8);
}

function form() {
  const rows = targets();
  const box = byId("decide");
  if (!box) return;
  const opens = box.hidden && rows.length > 0;
  box.hidden = rows.length === 0;
  // The form covers the foot of a small screen: the rows that it is about come above it.
  if (opens && narrow()) byId("pane-check").scrollTop += byId("check-table").getBoundingClientRect().top - byId("pane-check").getBoundingClientRect().top;
  // What was typed for other incidents is not offered for these.
  const about = rows.map((row) => row.id).join("\n");
  if (about !== box.dataset.about) {
    byId("decide-grid").value = "";
    byId("decide-none").checked = false;
  }
  box.dataset.about = about;
  if (box.hidden) return;
  byId("decide-count").textContent = rows.length === 1 ? t("decide.one", { id: rows[0].id }) : t("decide.many", { count: number(rows.length) });
  const only = rows.length === 1 ? rows[0] : null;
  const told = (code) => (only?.recorded === code && only?.located === code ? t("decide.both") : only?.recorded === code ? t("col.recorded") : only?.located === code ? t("col.located") : null);
  byId("decide-grids").replaceChildren(...candidates(rows).map((code) => make("button", { type: "button", class: "button", data: { code }, "aria-pressed": String(byId("decide-grid").value === code), onclick: () => choose(code) },
    make("b", { data: { from: "data" } }, code), told(code) ? make("span", {}, told(code)) : null)));
  const held = rows.filter((row) => row.decision && !row.decision.elsewhere);
  byId("decide-undo").hidden = held.length === 0;
  byId("decide-undo").textContent = t("decide.undo", { count: number(held.length) });
  const decision = only?.decision;
  byId("decide-held").hidden = !decision;
  if (decision) byId("decide-held").textContent = t("decide.held", { grid: counts(only), reason: decision.reason ?? "–", by: word(decision.by), at: moment(decision.at, zone()), revision: decision.seen ?? "–" });
}

function choose(code) {
  byId("decide-grid").value = code;
  byId("decide-none").checked = false;
  for (const button of byId("decide-grids").children) button.setAttribute("aria-pressed", String(button.dataset.code === code));
}

function reason() {
  const note = byId("decide-note").value.trim();
  const chosen = byId("decide-reason").selectedOptions[0];
  return chosen.value ? (note ? `${chosen.textContent}: ${note}` : chosen.textContent) : note;
}

async function decide(event) {
  event.preventDefault();
  const rows = targets();
  const grid = byId("decide-none").checked ? null : byId("decide-grid").value.trim();
  if (grid === "" || reason() === "") {
    toast(t(grid === "" ? "decide.no_grid" : "decide.no_reason"), { error: true });
    (grid === "" ? byId("decide-grid") : byId("decide-note")).focus();
    return;
  }
  const body = { level: found.level, grid, reason: reason(), grids_revision: found.grids_revision,
    incidents: rows.map((row) => ({ id: row.id, recorded: row.recorded, located: row.located, decision: row.decision?.id ?? null })) };
  const place = found.rows.indexOf(rows.at(-1));
  const next = found.rows.slice(place + 1).concat(found.rows.slice(0, place)).find((row) => !rows.includes(row));
  let made = null;
  await change("/api/assignment/decisions", body, (answer) => {
    made = answer.decisions;
    byId("decide-grid").value = "";
    byId("decide-note").value = "";
    byId("decide-none").checked = false;
    if (asked.state !== "open") return;
    // In the address too: what the page loads anew now would go back to the decided one.
    set({ selected: next ? `incident:${next.id}` : null });
    table.selected = next?.id ?? null;
  });
  // The way back is offered for a while: from when the rows stand that it leads back from.
  if (made) toast(t("decide.done", { count: number(made.length), grid: grid ?? t("why.outside") }), { action: { label: t("decide.take_back"), run: () => undo(made.map((one) => one.id)) } });
  // On to the next one, and the map with it.
  const row = found.rows.find((one) => one.id === table.selected);
  if (row) follow(row);
}

const undo = (decisions) => change("/api/assignment/decisions/undo", { decisions }, (answer) => toast(t("decide.undone", { count: number(answer.undone.length) })));

async function change(path, body, done) {
  byId("decide").setAttribute("aria-busy", "true");
  try {
    done(await request(path, { method: "POST", body }));
    checked.clear();
    await poll(); // the map and all figures follow
  } catch (error) {
    fault(error, error.status === 409 || error.status === 404 ? load : null);
  } finally {
    byId("decide").removeAttribute("aria-busy");
    await load();
  }
}

function draw() {
  const kinds = [...KINDS.map((kind) => [kind, found[kind]]), ["decided", found.decided]];
  byId("check-counts").replaceChildren(...kinds.map(([kind, count]) => {
    const on = kind === "decided" ? asked.state === "decided" : asked.state === "open" && asked.why === kind;
    return make("button", { type: "button", "aria-pressed": String(on), data: { kind }, onclick: () => {
      Object.assign(asked, { offset: 0, state: kind === "decided" && !on ? "decided" : "open", why: kind === "decided" || on ? null : kind });
      load();
    } }, make("b", {}, number(count)), make("span", {}, t(`why.${kind}`)));
  }));
  byId("check-near").textContent = t("check.near", { near_m: number(found.near_m, found.near_m % 1 ? 1 : 0) });
  // The head says how the rows that stand below it are sorted, not those that are on their way.
  table.sort = asked.head && { key: asked.head, down: asked.down };
  table.drawHead();
  table.setRows(found.rows);
  const chosen = state.selected?.startsWith("incident:") ? state.selected.slice(9) : null;
  table.select(found.rows.some((row) => row.id === table.selected) ? table.selected : chosen, { scroll: false });
  const last = Math.min(found.offset + found.rows.length, found.listed);
  byId("check-pages").hidden = found.listed <= PAGE;
  byId("check-page").textContent = t("check.page", { first: number(found.rows.length ? found.offset + 1 : 0), last: number(last), count: number(found.listed) });
  byId("check-back").disabled = found.offset === 0;
  byId("check-on").disabled = last >= found.listed;
  form();
}

async function load() {
  try {
    const answer = await ask("/api/assignment", { query: { ...queryOf(["level", "near_m", ...CHOICE], null), queue: asked.state, why: asked.why, order_by: asked.by, down: asked.down ? 1 : null, offset: asked.offset, limit: PAGE } });
    if (!answer) return;
    if (answer.rows.length === 0 && answer.offset > 0) {
      asked.offset = Math.max(0, asked.offset - PAGE);
      return await load();
    }
    found = answer;
    for (const id of checked) if (!answer.rows.some((row) => row.id === id)) checked.delete(id);
    draw();
    if (flows?.open) flows.load();
  } catch (error) {
    fault(error, load);
  }
}

/** Go to the next doubtful incident of the page, or the one before. */
function step(by) {
  const rows = found?.rows ?? [];
  if (!rows.length) return;
  const place = rows.findIndex((row) => row.id === table.selected);
  const next = rows[place < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, place + by))];
  table.select(next.id);
  follow(next);
}

/** Show the queue; it is asked for when it is first looked at. */
export function openQueue() {
  shown = true;
  if (!wanted().includes("assignment")) set({ layers: [...wanted(), "assignment"] });
  if (!found) load();
}

/** Ask anew: the data changed. */
export async function renewQueue() {
  if (shown) await load(); else found = null;
}

/** Follow what is selected elsewhere. */
export function followQueue() {
  table.select(state.selected?.startsWith("incident:") ? state.selected.slice(9) : null);
  form();
}

function page(by) {
  asked.offset = Math.max(0, asked.offset + by * PAGE);
  load();
}

export function startQueue() {
  flows = startFlows();
  if (mayDecide) {
    byId("decide").addEventListener("submit", decide);
    byId("decide-undo").addEventListener("click", () => undo(targets().filter((row) => row.decision && !row.decision.elsewhere).map((row) => row.decision.id)));
    byId("decide-all").addEventListener("click", () => {
      const every = (found?.rows ?? []).every((row) => checked.has(row.id));
      for (const row of found?.rows ?? []) if (every) checked.delete(row.id); else checked.add(row.id);
      table.draw();
      form();
    });
  }
  byId("check-back").addEventListener("click", () => page(-1));
  byId("check-on").addEventListener("click", () => page(1));
  offerTable("check", () => ({ name: "assignment", title: t("layer.assignment"), sort: null, query: { queue: asked.state, why: asked.why, order_by: asked.by, down: asked.down ? 1 : null },
    also: flows.open ? { name: "flows", title: t("flows.title"), sort: null } : { name: "decisions", title: t("decide.title"), sort: null } }));
  onChange((changed) => {
    if (["level", "near_m", ...CHOICE].some((name) => changed.has(name))) {
      asked.offset = 0;
      if (shown) load();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (typing(event) || byId("pane-check").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n" || event.key === "p") { event.preventDefault(); step(event.key === "n" ? 1 : -1); if (narrow()) sheet(""); }
    if (event.key === "x" && mayDecide && table.selected) {
      event.preventDefault();
      const row = found.rows.find((one) => one.id === table.selected);
      if (row) { tick(row, !checked.has(row.id)); table.draw(); table.select(row.id); }
    }
  });
}
