// What a step of a draft did, in words, and its state.

import { make } from "./dom.js";
import { COMMA, number, t } from "./i18n.js";

const KNOWN = new Set(["reshape", "split", "merge", "redraw", "parent", "team", "repair", "divide", "balance", "restore"]);

/** A state as a word with its own mark. */
export const stateOf = (state) => make("span", { class: "draft-state", data: { state } }, t(`draft.state.${state}`));

/** What a step did; `grids`: how many it changed, where that is known. */
export function stepText({ op, params, grids = null }) {
  const fields = { code: params.code ?? "", codes: (params.codes ?? []).join(COMMA), into: params.into ?? "", parent: params.parent ?? "–", team: params.team ?? "–",
    revision: number(params.revision ?? null), nodes: number(params.moves?.length ?? 0), finding: params.finding ?? "" };
  const count = Array.isArray(grids) ? grids.length : grids;
  const text = KNOWN.has(op) ? t(`draft.step.${op}`, fields) : t("draft.step.other", { op });
  return count === null ? text : t("draft.step.grids", { step: text, grids: t("draft.grids", { count: number(count) }) });
}
