// Edition and class of the standard, with the pixel density of each class.

import { figures, loadStandards, onFigures } from "./planner_data.js";
import { byId, make } from "./dom.js";
import { number, t, word } from "./i18n.js";
import { onChange, set, state } from "./state.js";

const editionOf = (year) => figures.standards?.editions.find((one) => one.edition === year);
const density = (value) => number(value, Number.isInteger(value) ? 0 : 1);

function fill() {
  const editions = figures.standards?.editions ?? [];
  byId("edition").replaceChildren(...editions.map((one) => make("option", { value: one.edition }, one.edition)));
  byId("edition").value = state.edition;
  const tasks = editionOf(state.edition)?.tasks ?? [];
  byId("task").replaceChildren(make("option", { value: "" }, t("task.none")),
    ...tasks.map((one) => make("option", { value: one.task }, t("task.one", { task: word(one.task), px: density(one.px_per_m) }))));
  byId("task").value = state.task ?? "";
}

export async function startStandard() {
  onFigures("standards", fill);
  byId("edition").addEventListener("change", (event) => {
    const year = event.target.value;
    // The class of the other edition that asks for no less, so that the map does not promise more than before.
    const wished = editionOf(state.edition)?.tasks.find((one) => one.task === state.task)?.px_per_m;
    const near = wished === undefined ? null : editionOf(year)?.tasks.find((one) => one.px_per_m >= wished) ?? editionOf(year)?.tasks.at(-1);
    set({ edition: year, task: near?.task ?? null });
  });
  byId("task").addEventListener("change", (event) => set({ task: event.target.value || null }));
  onChange((changed) => { if (changed.has("edition") || changed.has("task")) fill(); });
  await loadStandards();
}
