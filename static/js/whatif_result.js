// What a plan does, in words and a table: before and after, in square metres and as shares of the open area.

import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";
import { key } from "./whatif_map.js";

const MOST = 40;
const STATES = ["certain", "possible", "blind"];
const BETTER = { certain: 1, possible: 0, blind: -1 };

export const share = (area, open) => (open > 0 ? number((100 * area) / open, 1) : "–");

/** Return a difference with its sign; a change that rounds to nothing is 0. */
export function signed(value, decimals = 0) {
  const text = number(Math.abs(value), decimals);
  if (!(Number(Math.abs(value).toFixed(decimals)) > 0)) return text;
  return `${value > 0 ? "+" : "−"}${text}`;
}

const mood = (state, difference) => (Math.abs(difference) < 0.5 || !BETTER[state] ? "" : difference * BETTER[state] > 0 ? "better" : "worse");

function cell(state, { before, after }) {
  const [was, is, open] = [before[`${state}_m2`], after[`${state}_m2`], before.open_m2];
  return make("td", { class: "number", title: `${number(was)} → ${number(is)} m²` },
    `${share(was, open)} → ${share(is, open)} %`, make("small", { class: mood(state, is - was) }, `${signed(is - was)} m²`));
}

/** Put the result over the map of a small screen, where the panel is behind a tab. */
export function startResult(plan) {
  const button = (key, run) => make("button", { type: "button", class: "button", onclick: run }, t(key));
  document.querySelector(".map-box").append(make("section", { class: "over-card whatif-card", id: "whatif-card", hidden: true, "aria-label": t("whatif.result") },
    make("p", { id: "whatif-card-text", role: "status" }), button("scenario.undo", () => plan.undo()), button("whatif.redo", () => plan.redo())));
}

export const table = (heads, rows, label) => make("table", { "aria-label": label },
  make("thead", {}, make("tr", {}, ...heads.map((text, i) => make("th", { scope: "col", class: i ? "number" : "" }, text)))), make("tbody", {}, ...rows));

/** Show an answer of the service; null hides the result. */
export function showResult(answer) {
  byId("whatif-result").hidden = !answer;
  byId("whatif-card").hidden = !answer;
  if (!answer) return;
  const { before, after, gained_m2: gained, lost_m2: lost } = answer.totals;
  byId("whatif-totals").textContent = t("whatif.totals", { before: share(before.blind_m2, before.open_m2), after: share(after.blind_m2, after.open_m2), difference: signed(after.blind_m2 - before.blind_m2) });
  byId("whatif-card-text").textContent = byId("whatif-totals").textContent;
  byId("whatif-sides").textContent = t("whatif.sides", { gained: number(gained), lost: number(lost) });
  byId("whatif-key").replaceChildren(key());
  const order = [...answer.grids].sort((a, b) => Math.abs(b.after.blind_m2 - b.before.blind_m2) - Math.abs(a.after.blind_m2 - a.before.blind_m2));
  const rows = [{ code: t("whatif.all"), ...answer.totals, all: true }, ...order.slice(0, MOST)].map((row) => make("tr", { class: row.all ? "all" : "", data: row.all ? {} : { code: row.code } },
    make("th", { scope: "row", class: "name", title: row.code }, row.name ?? row.code), ...STATES.map((state) => cell(state, row))));
  byId("whatif-grids").replaceChildren(table([t("col.grid"), ...STATES.map((state) => t(`word.${state}`))], rows, t("whatif.grids")));
  if (order.length > MOST) byId("whatif-grids").append(make("p", { class: "muted" }, t("whatif.grids.more", { count: number(order.length - MOST) })));
}
