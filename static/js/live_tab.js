// The tab Live: is the line open, what happened last, who is called and which cameras see the place.

import { byId, make } from "./dom.js";
import { ago, number, t, word } from "./i18n.js";
import { alertsTable, startAlerts } from "./live_alerts.js";
import { line, follow, latest, onLive } from "./live.js";
import { drawFresh, showPlace } from "./live_map.js";
import { onTab, showTab } from "./panel.js";
import { keep, now, pollSoon } from "./shell.js";
import { set, state } from "./state.js";

const SHOWN = 50;
let chosen = null; // seq of the incident that is opened
let unread = 0;
let drawing = null;

const zone = () => now()?.timezone ?? "UTC";
const style = (options) => new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, { timeZone: zone(), ...options });
const date = (iso, options) => style(options).format(new Date(iso));

/** Return the time of day, with the day where it is not today's. */
export function clock(iso) {
  if (!iso) return "–";
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const time = date(iso, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return date(iso, day) === date(Date.now(), day) ? time : `${date(iso, day)} ${time}`;
}

/** Return in words who sees a place. */
export function seenText(row) {
  if (row.seen === "computing") return t("live.computing");
  if (row.seen === "built") return t("live.built");
  return row.cameras_total ? t(row.cameras_total === 1 ? "live.camera" : "live.cameras", { count: number(row.cameras_total) }) : t("live.unseen");
}

export const gridText = (row) => (row.grid ? [row.grid.code, row.grid.name !== row.grid.code ? row.grid.name : null].filter(Boolean).join(" ") : t("live.no_grid"));

function cameraRow(camera) {
  return make("li", { class: "live-camera" }, make("span", { data: { from: "data" } }, camera.name ?? camera.id),
    make("span", { class: `chip-state ${camera.state}` }, t(`state.${camera.state}`)),
    make("span", { class: "unit" }, [camera.px_per_m === null ? t("live.px_unknown") : `${number(camera.px_per_m)} px/m`, `${number(camera.distance_m)} m`,
      camera.online === null ? t("asked.state.unknown") : t(camera.online ? "state.online" : "state.offline")].join(" · ")));
}

function card(row) {
  const open = row.seq === chosen;
  const head = make("button", { type: "button", class: "live-head", "aria-expanded": String(open), onclick: () => pick(open ? null : row) },
    make("span", { class: "live-when" }, clock(row.occurred_at ?? row.received_at)),
    make("b", { data: { from: "data" } }, word(row.category)),
    make("span", { class: "live-grid", data: { from: "data" } }, gridText(row)),
    row.team ? make("span", { class: "live-team", data: { from: "data" } }, row.team) : null,
    make("span", { class: `live-seen ${row.seen}` }, seenText(row)));
  const more = open ? make("div", { class: "live-more" },
    make("dl", { class: "pairs" }, ...[["ID", row.id], [t("col.status"), word(row.status)], row.severity !== null && [t("field.severity"), number(row.severity, 1)],
      [t("col.recorded"), row.grid_code ?? "–"], [t("col.team"), row.team ?? "–"], [t("live.received"), clock(row.received_at)]].filter(Boolean)
      .flatMap(([label, value]) => [make("dt", {}, label), make("dd", { data: { from: "data" } }, value)])),
    row.cameras?.length ? make("ul", { class: "live-cameras" }, ...row.cameras.map(cameraRow)) : make("p", { class: "muted" }, seenText(row)),
    row.cameras_total > (row.cameras?.length ?? 0) ? make("p", { class: "muted" }, t("live.more_cameras", { count: number(row.cameras_total - row.cameras.length) })) : null) : null;
  return make("li", { data: { seq: String(row.seq), id: row.id }, class: open ? "open" : "" }, head, more);
}

function pick(row, { move = true } = {}) {
  chosen = row?.seq ?? null;
  set({ selected: row ? `incident:${row.id}` : null });
  showPlace(row, { move });
  draw();
}

/** Bring an incident that was clicked on the map forward. */
function fromMap(row) {
  set({ tab: "live" });
  showTab("live");
  pick(row, { move: false });
  byId("live-list").querySelector(".open")?.scrollIntoView({ block: "nearest" });
}

function drawLine() {
  const box = byId("live-line");
  box.dataset.state = line.state;
  byId("live-state").textContent = t(`live.line.${line.state}`);
  const last = latest[0];
  byId("live-age").textContent = last ? t("live.age", { ago: ago(last.received_at), time: clock(last.received_at) }) : "";
  byId("tab-live").dataset.state = line.state;
}

function draw() {
  drawing = null;
  const focus = document.activeElement?.closest?.("#live-list li")?.dataset.seq;
  byId("live-list").replaceChildren(...latest.slice(0, SHOWN).map(card));
  if (focus) byId("live-list").querySelector(`li[data-seq="${focus}"] button`)?.focus({ preventScroll: true });
  byId("live-none").hidden = latest.length > 0;
  drawLine();
  drawBadge();
}

function drawBadge() {
  const badge = byId("live-badge");
  badge.hidden = unread === 0;
  badge.textContent = unread > 99 ? "99+" : String(unread);
  badge.setAttribute("aria-label", t("live.unread", { count: number(unread) }));
}

/** A short low tone; off until the reader asks for it. */
function tone() {
  if (!byId("live-sound").checked) return;
  const context = new AudioContext();
  const [wave, gain] = [context.createOscillator(), context.createGain()];
  wave.frequency.value = 660;
  gain.gain.setValueAtTime(0.15, context.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.35);
  wave.connect(gain).connect(context.destination);
  wave.start();
  wave.stop(context.currentTime + 0.4);
  wave.onended = () => context.close();
}

function came(rows) {
  if (rows.length) {
    drawFresh(rows, fromMap);
    if (state.tab !== "live") unread += rows.length;
    tone();
    pollSoon();
  }
  // However many come, the list is drawn once a frame, and not while nobody looks.
  drawing ??= requestAnimationFrame(draw);
}

/** Return the service's tables of the tab: the incidents received, and the alerts; null while there is neither. */
export function liveTable() {
  const [incidents, alerts] = [latest.length ? { name: "live", title: t("wall.view.latest"), sort: null } : null, alertsTable()];
  return incidents && alerts ? { ...incidents, also: alerts } : incidents ?? alerts;
}

/** Start the tab and the line. */
export function startLive() {
  byId("live-sound").checked = false;
  try {
    byId("live-sound").checked = localStorage.getItem("atlas.live.sound") === "on";
  } catch (error) {
    console.info("This browser keeps no settings:", error.name);
  }
  byId("live-sound").addEventListener("change", (event) => { keep("atlas.live.sound", event.target.checked ? "on" : "off"); tone(); });
  onLive("incidents", came);
  onLive("line", drawLine);
  onLive("data", () => pollSoon(0));
  onTab((name) => {
    if (name === "live") { unread = 0; drawBadge(); } else showPlace(null);
  });
  setInterval(drawLine, 5000);
  drawLine();
  startAlerts(clock);
  follow().then(() => {
    const wanted = latest.find((row) => state.selected === `incident:${row.id}`);
    if (wanted && state.tab === "live") pick(wanted, { move: !state.centre });
  });
}
