// The fields of the tools' card: a grid by its code, the parent from the level above, the team.

import { make, toast } from "./dom.js";
import { Refused, request } from "./api.js";
import { t, word } from "./i18n.js";
import { now } from "./shell.js";

let count = 0;
const cache = new Map();

/** The grids of a level as the table of the page has them; asked once for each revision. */
async function gridsOf(level) {
  const key = `${now()?.revision} ${level}`;
  if (!cache.has(key)) {
    cache.clear();
    cache.set(key, request("/api/grids", { query: { level } }).then((found) => found.grids));
  }
  try {
    return await cache.get(key);
  } catch (error) {
    cache.delete(key);
    if (!(error instanceof Refused)) throw error;
    toast(`${error.message} ${error.remedy}`, { error: true });
    return [];
  }
}

function listed(options) {
  count += 1;
  const list = make("datalist", { id: `draft-list-${count}` }, ...options);
  return { list, fill: (more) => list.replaceChildren(...more) };
}

/** A field that adds a grid in view by its code: for the keyboard, and where a finger hits two. */
export function gridChoice(topology, add) {
  const { list, fill } = listed([]);
  const field = make("input", { type: "text", list: list.id, autocomplete: "off", maxLength: 200, placeholder: t("draft.add_code"), "aria-label": t("draft.add_code"),
    onfocus: () => fill([...(topology()?.grids.keys() ?? [])].slice(0, 300).map((code) => make("option", { value: code }))),
    onchange: () => { const code = field.value.trim(); if (topology()?.grids.has(code)) { field.value = ""; add(code); } } });
  return make("div", { class: "draft-add", data: { from: "data" } }, field, list);
}

/** Choose the parent among the grids of the level above. */
export function parentChoice(level, changed) {
  const levels = now()?.levels ?? [];
  const above = levels[levels.indexOf(level) - 1] ?? null;
  if (!above) return { element: make("p", { class: "muted" }, t("draft.no_parent")), value: () => null, ready: () => false };
  const select = make("select", { onchange: changed }, make("option", { value: "" }, t("draft.choose")));
  gridsOf(above).then((rows) => select.append(...rows.map((row) => make("option", { value: row.code }, row.name && row.name !== row.code ? `${row.name} (${row.code})` : row.code))));
  return { element: make("label", { class: "field", data: { from: "data" } }, make("span", {}, t("draft.parent", { level: word(above) })), select), value: () => select.value, ready: () => select.value !== "" };
}

/** Type the team: one that is known is offered. A team is a post, never a person. */
export function teamChoice(level, changed) {
  const { list, fill } = listed([]);
  const field = make("input", { type: "text", list: list.id, autocomplete: "off", maxLength: 200, oninput: changed });
  gridsOf(level).then((rows) => fill([...new Set(rows.map((row) => row.team).filter(Boolean))].sort().map((team) => make("option", { value: team }))));
  return { element: make("label", { class: "field", data: { from: "data" } }, make("span", {}, t("draft.team")), field, list), value: () => field.value.trim() || null, ready: () => field.value.trim() !== "" };
}

/** Choose which of the merged grids goes on: its code stays. */
export function intoChoice(codes, changed) {
  const select = make("select", { onchange: changed }, ...[...codes].map((code) => make("option", { value: code }, code)));
  return { element: make("label", { class: "field", data: { from: "data" } }, make("span", {}, t("draft.into")), select), value: () => select.value, ready: () => true };
}
