// Public files in the menu of what readers take away: which months, how much of them may be told, in which format.

import { Refused, request } from "./api.js";
import { byId, make } from "./dom.js";
import { number, t } from "./i18n.js";

const LATEST = 12;
let filled = false;
let last = 0;

const range = () => ({ from_month: byId("public-from").value, to_month: byId("public-to").value });
const buttons = () => document.querySelectorAll("[data-public]");

function fill(months) {
  for (const [id, chosen] of [["public-from", months.at(-Math.min(LATEST, months.length))], ["public-to", months.at(-1)]]) {
    byId(id).replaceChildren(...months.map((one) => make("option", { value: one }, one)));
    byId(id).value = chosen;
  }
}

const told = (value) => (typeof value === "number" ? number(value) : value.replace("<", t("public.less")));

/** Say what files of the chosen months would hold. */
async function tell() {
  const mine = (last += 1);
  try {
    const found = await request("/api/public", { query: filled ? range() : { from_month: "9998-12" }, quiet: true });
    if (mine !== last) return;
    if (!filled) {
      filled = found.months_known.length > 0;
      if (filled) { fill(found.months_known); await tell(); } else byId("public-facts").textContent = t("public.none");
      for (const one of [...buttons(), byId("public-from"), byId("public-to")]) one.disabled = !filled;
      return;
    }
    const { counts, points } = found;
    byId("public-facts").textContent = [t("public.counts", { shown: number(counts.shown), cells: number(counts.cells), k: found.k }),
      t("public.points", { shown: number(points.shown), hidden: told(points.not_shown_hidden), point: told(points.not_shown_point), k: found.k })].join(" ");
    for (const one of buttons()) one.disabled = found.months.length === 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    byId("public-facts").textContent = `${error.message} ${error.remedy}`;
    for (const one of buttons()) one.disabled = true;
  }
}

/** The menu was opened. */
export function openPublic() {
  if (byId("public-facts")) tell();
}

/** Let the buttons save the files by `take`. */
export function startPublic(take) {
  if (!byId("public-facts")) return;
  for (const id of ["public-from", "public-to"]) byId(id).addEventListener("change", tell);
  for (const button of buttons()) {
    button.addEventListener("click", () => {
      const name = button.dataset.public === "counts" ? "counts" : "points";
      take(button, "public", `/api/public/${name}.${byId("public-form").value}`, { ...range(), alone: button.dataset.public === "alone" ? 1 : null });
    });
  }
}
