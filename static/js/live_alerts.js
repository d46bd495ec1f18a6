// Alerts of grids in the tab Live: what is unusual, since when, and which post has taken it on.

import { latest as latestOf, request } from "./api.js";
import { byId, make, toast } from "./dom.js";
import { number, t } from "./i18n.js";
import { onLive } from "./live.js";
import { map } from "./map.js";
import { set } from "./state.js";
import { fault } from "./workspace.js";

const SHOWN = 20;
let answer = null;
let asking = null; // id of the alert whose form is open
let written = {}; // what was chosen and typed in it: an alert that comes meanwhile draws it anew
let clockOf = String;
const fetchAlerts = latestOf();

/** Return who acknowledged, or may: the duty desk by its name in the reader's language, a team by its own. */
export const postText = (post) => (post === "duty desk" ? t("alert.desk") : post);

/** Return the service's table of the alerts; null while there is none. */
export const alertsTable = () => (answer?.alerts.length ? { name: "alerts", title: t("alert.title"), sort: null } : null);

const nameOf = (alert) => alert.grid.name ?? alert.grid.code;

async function acknowledge(alert, by, note) {
  try {
    await request(`/api/alerts/${alert.id}/acknowledge`, { method: "POST", body: { by, note } });
    asking = null;
    toast(t("alert.done", { grid: nameOf(alert), by: postText(by) }));
  } catch (error) {
    if (error.status !== 409) throw error;
    // Another post was faster: never silently twice.
    asking = null;
    toast(`${error.message} ${error.remedy}`, { error: true });
  }
  await loadAlerts();
}

function form(alert) {
  const chosen = written.by ?? alert.grid.team ?? "duty desk";
  const by = make("select", { required: true, "aria-label": t("alert.by"), onchange: () => { written.by = by.value; } }, ...answer.posts.map((post) => make("option", { value: post, selected: post === chosen }, postText(post))));
  const note = make("input", { type: "text", maxLength: 500, placeholder: t("alert.note"), "aria-label": t("alert.note"), value: written.note ?? "", oninput: () => { written.note = note.value; } });
  return make("form", { class: "alert-form", onsubmit: (event) => {
    event.preventDefault();
    acknowledge(alert, by.value, note.value).catch((error) => fault(error, null));
  } }, by, note, make("button", { type: "submit", class: "button primary" }, t("alert.confirm")),
  make("button", { type: "button", class: "button", onclick: () => { asking = null; draw(); } }, t("alert.cancel")));
}

function card(alert) {
  const open = alert.acknowledged_at === null;
  return make("li", { class: open ? "alert-card open" : "alert-card", data: { alert: String(alert.id) } },
    make("button", { type: "button", class: "alert-head", onclick: () => { set({ selected: `grid:${alert.grid.code}` }); if (alert.lat !== null) map.setView([alert.lat, alert.lon], Math.max(map.getZoom(), 16)); } },
      make("b", { data: { from: "data" } }, nameOf(alert)), make("span", { class: "unit" }, clockOf(alert.raised_at))),
    make("p", {}, alert.explanation),
    make("p", { class: "unit" }, [alert.ended_at ? t("alert.ended", { time: clockOf(alert.ended_at) }) : t("alert.going"),
      open ? null : t("alert.taken", { by: postText(alert.acknowledged_by), time: clockOf(alert.acknowledged_at) }), alert.note].filter(Boolean).join(" · ")),
    !open ? null : asking === alert.id ? form(alert) : make("button", { type: "button", class: "button", data: { needs: "alert" }, onclick: () => { asking = alert.id; written = {}; draw(); byId("live-alerts").querySelector("select")?.focus(); } }, t("alert.acknowledge")));
}

function draw() {
  const box = byId("live-alerts");
  const badge = byId("alert-badge");
  badge.hidden = !answer || answer.open === 0;
  badge.textContent = String(answer?.open ?? 0);
  badge.setAttribute("aria-label", t("alert.badge", { count: number(answer?.open ?? 0) }));
  if (!answer) return;
  box.hidden = false;
  const rule = answer.state === "watching" ? t("alert.rule", { hours: number(answer.rule.hours), weeks: number(answer.weeks), false: number(answer.rule.false_per_day, answer.rule.false_per_day < 1 ? 2 : 0) })
    : answer.state === "short_history" ? t("alert.short", { weeks: number(answer.weeks), needed: number(answer.weeks_needed) }) : t("alert.no_grids");
  box.replaceChildren(make("h3", {}, t("alert.title")), make("p", { class: "unit" }, rule),
    ...(answer.alerts.length ? [make("ul", {}, ...answer.alerts.slice(0, SHOWN).map(card))] : answer.state === "watching" ? [make("p", {}, t("alert.none"))] : []));
}

export async function loadAlerts() {
  const found = await fetchAlerts("/api/alerts", { quiet: true });
  if (!found) return;
  answer = found;
  if (!byId("live-alerts").contains(document.activeElement) || asking === null) draw();
}

/** Follow the alerts; `clock` writes a time. */
export function startAlerts(clock) {
  clockOf = clock;
  const load = () => loadAlerts().catch((error) => console.info("alerts:", error.message));
  onLive("alerts", load);
  load();
}
