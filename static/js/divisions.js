// By which division of the city a period is counted: today's, or the one that was in force when the period ended.

import { byId } from "./dom.js";
import { lang, number, sentences, t } from "./i18n.js";
import { now } from "./shell.js";
import { onChange, set, state } from "./state.js";

const SHOWN = 4; // changes named by their day
const day = (iso) => new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { timeZone: now()?.timezone ?? "UTC", dateStyle: "medium" }).format(new Date(iso));

/** Say which division the figures are counted by, and when it changed within the period. */
export function sayDivision(by) {
  shown();
  const lines = [];
  if (by.since) lines.push(t(by.by === "then" ? "division.then" : "division.today", { day: day(by.since) }));
  if (by.changes.length) {
    const named = by.changes.slice(0, SHOWN).map((one) => t("division.change", { day: day(one.at), count: number(one.grids) })).join("; ");
    lines.push(t("division.changed", { count: number(by.changes.length), changes: named + (by.changes.length > SHOWN ? " …" : "") }));
  }
  if (state.division === "then" && (by.before_history || !by.history_from)) lines.push(by.history_from ? t("division.before", { day: day(by.history_from) }) : t("division.none"));
  byId("division-note").textContent = sentences(lines);
}

function shown() {
  for (const one of document.querySelectorAll('input[name="division"]')) one.checked = one.value === state.division;
}

export function startDivision() {
  for (const one of document.querySelectorAll('input[name="division"]')) one.addEventListener("change", () => set({ division: one.value }));
  onChange((changed) => { if (changed.has("division")) shown(); });
}
