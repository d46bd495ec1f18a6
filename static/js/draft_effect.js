// What a draft does before anybody decides: what changes hands, and which defects go or come.

import { latest, Refused } from "./api.js";
import { byId, make } from "./dom.js";
import { number, t, word } from "./i18n.js";
import { swatch } from "./symbols.js";

const MOST = 40;
const FINDINGS = 12;
const AGAIN_MS = 800;
const TOTALS = [["incidents", ""], ["cameras", ""], ["places", ""], ["population", ""], ["streets_m", " m"]];

const titleOf = (one) => (one ? one.code : t("effect.nowhere"));
const head = (text, unit = null) => make("th", { scope: "col", class: "number" }, text, unit ? make("span", { class: "unit" }, unit) : null);

/** What changes hands in all, and from which grid to which. */
function hands({ moved, flows }) {
  const totals = make("div", { class: "draft-totals" }, ...TOTALS.map(([name, unit]) => make("div", { data: { effect: name } }, make("b", {}, `${number(moved[name])}${unit}`), make("span", { class: "muted" }, t(`effect.${name}`)))));
  if (!flows.length) return [totals, make("p", { class: "muted" }, t("effect.none"))];
  // Codes are long: which grids it is stands in a row of its own.
  const rows = flows.slice(0, MOST).flatMap((flow) => [
    make("tr", { class: "draft-flow", data: { from: "data" } }, make("th", { scope: "rowgroup", colSpan: TOTALS.length }, `${titleOf(flow.from)} → ${titleOf(flow.to)}`)),
    make("tr", {}, ...TOTALS.map(([name]) => make("td", { class: "number" }, number(flow[name]))))]);
  const table = make("table", { "aria-label": t("effect.hands") },
    make("thead", {}, make("tr", {}, ...TOTALS.map(([name, unit]) => head(t(`effect.${name}`), unit.trim())))), make("tbody", {}, ...rows));
  return [totals, make("div", { class: "draft-scroll" }, table), flows.length > MOST ? make("p", { class: "muted" }, t("effect.more", { count: number(flows.length - MOST) })) : null];
}

function findings({ gone, fresh }) {
  if (!gone.count && !fresh.count) return [make("p", { class: "muted" }, t("effect.clean"))];
  const part = (what, key) => [make("p", {}, make("b", {}, t(`effect.${key}`, { count: number(what.count) }))), make("ul", { class: "draft-lines" }, ...what.rows.slice(0, FINDINGS).map((row) => make("li", { data: { from: "data" } },
    swatch(`finding-${row.severity}`), make("span", {}, row.message ?? t(`finding.kind.${row.kind}`), make("span", { class: "sub muted" }, ` ${row.level ? word(row.level) : ""}`)))))];
  return [...(fresh.count ? part(fresh, "new") : []), ...(gone.count ? part(gone, "gone") : [])];
}

export class Effect {
  constructor() {
    Object.assign(this, { ask: latest(), of: null, timer: null });
  }

  /** Show the effect of a draft as it is now; null: none. */
  show(draft) {
    byId("draft-effect").hidden = !draft;
    const key = draft && `${draft.id} ${draft.step} ${draft.steps[draft.step - 1]?.at}`; // of the steps, not of the state
    if (key === this.of) return;
    clearTimeout(this.timer);
    this.of = key;
    if (!draft) return;
    byId("draft-effect").dataset.of = "";
    byId("draft-effect-wait").hidden = false;
    this.timer = setTimeout(() => this.load(draft, key), 150);
  }

  async load(draft, key) {
    try {
      const found = await this.ask(`/api/drafts/${encodeURIComponent(draft.id)}/effect`, { quiet: true });
      if (!found || key !== this.of) return;
      byId("draft-effect-body").replaceChildren(...[...hands(found), ...(found.computing ? [] : findings(found.findings))].filter(Boolean));
      if (found.computing) { this.timer = setTimeout(() => this.load(draft, key), AGAIN_MS); return; }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      byId("draft-effect-body").replaceChildren(make("p", { class: "problem" }, `${error.message} ${error.remedy}`));
    }
    byId("draft-effect-wait").hidden = true;
    byId("draft-effect").dataset.of = key;
  }
}
