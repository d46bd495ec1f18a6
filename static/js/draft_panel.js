// The open draft in its tab: what it is, its changed grids, its steps, its effect, and what may be done with it.

import { byId, make, toast } from "./dom.js";
import { Effect } from "./draft_effect.js";
import { legendOf } from "./draft_scene.js";
import { stateOf, stepText } from "./draft_words.js";
import { fileOf, gridsOf } from "./draft_work.js";
import { ago, COLON, COMMA, moment, number, t, who, word } from "./i18n.js";
import { now } from "./shell.js";
import { address } from "./state.js";

const MOST = 60;
/** What happens in each state, by whom: [action, permission]. */
const SUBMIT = [["submit", "edit"]];
const ACTIONS = { draft: SUBMIT, rejected: SUBMIT, withdrawn: SUBMIT, submitted: [["approve", "review"], ["reject", "review"], ["withdraw", "edit"]] };

const when = (at) => make("time", { dateTime: at, title: moment(at, now()?.timezone ?? "UTC") }, ago(at));

export class Panel {
  constructor(work, on) {
    Object.assign(this, { work, on });
    const may = new Set((document.body.dataset.may ?? "").split(" "));
    this.may = { edit: may.has("edit"), review: may.has("review") };
    this.effect = new Effect();
    byId("draft-close").addEventListener("click", () => work.close());
    byId("draft-look").addEventListener("click", () => on.look());
    byId("draft-link").addEventListener("click", () => this.link());
    byId("draft-delete").addEventListener("click", () => byId("draft-delete-box").showModal());
    byId("draft-delete-do").addEventListener("click", () => { byId("draft-delete-box").close(); work.remove(); });
    for (const what of ["submit", "approve", "reject", "withdraw"]) byId(`draft-${what}`).addEventListener("click", () => this.decide(what));
    byId("draft-new").hidden = !this.may.edit;
  }

  show(draft, why) {
    byId("draft-shelf").hidden = Boolean(draft);
    byId("draft-open").hidden = !draft;
    if (!draft) { byId("draft-reason").value = ""; this.effect.show(null); return; }
    const grids = gridsOf(draft.grids);
    byId("draft-title").textContent = draft.name;
    byId("draft-state").replaceChildren(stateOf(draft.state));
    byId("draft-facts").replaceChildren(...this.facts(draft));
    byId("draft-key").replaceChildren(legendOf(grids));
    byId("draft-grids").replaceChildren(grids.length ? this.changes(grids) : make("p", { class: "muted" }, t(this.work.editable ? "draft.empty" : "draft.empty.done")));
    this.steps(draft);
    this.actions(draft, grids.length > 0);
    byId("draft-look").disabled = grids.length === 0;
    byId("draft-file").href = fileOf(draft.id);
    byId("draft-file").hidden = grids.length === 0;
    if (why === "opened") byId("draft-reason").value = "";
    // What is in force, or no longer fits, has no effect that could be told.
    this.effect.show(grids.length && draft.state !== "applied" && !draft.conflicts?.length ? draft : null);
    byId("drafts").dataset.version = `${draft.id} ${draft.version}`;
  }

  facts(draft) {
    const lines = [make("p", { class: "muted" }, t("draft.base", { revision: number(draft.base_revision) }), " · ", when(draft.updated_at))];
    if (draft.reason) lines.push(make("p", { data: { from: "data" } }, t("draft.reason.given", { by: draft.decided_by || draft.submitted_by || t("past.nobody"), reason: draft.reason })));
    if (draft.applied_revision) lines.push(make("p", {}, t("draft.applied", { revision: number(draft.applied_revision) })));
    if (draft.own) lines.push(make("p", { class: "muted" }, t("draft.own")));
    if (draft.conflicts?.length) {
      const error = { message: t("draft.stale", { grids: draft.conflicts.slice(0, 10).map((one) => one.code).join(COMMA) }), remedy: "", answer: { error: { conflicts: draft.conflicts } } };
      lines.push(make("p", { class: "problem" }, error.message, " ", make("button", { type: "button", class: "button", onclick: () => this.on.compare({ error, what: "steps", body: {}, mine: null }) }, t("draft.stale.compare"))));
    }
    const left = this.work.left?.id === draft.id ? this.work.left : null;
    if (left) {
      lines.push(make("div", { class: "problem", id: "draft-left" }, make("p", {}, t("draft.left", { left: number(left.steps.length), all: number(left.all), name: left.name })),
        make("ul", { class: "draft-steps", data: { from: "data" } }, ...left.steps.map(({ step, message }) => make("li", {}, stepText(step), make("span", { class: "sub" }, message))))));
    }
    if (draft.state === "submitted" && who === "single") lines.push(make("p", { class: "muted" }, t("draft.single")));
    return lines;
  }

  changes(grids) {
    const value = (side, field) => (side ? side[field] ?? "–" : "–");
    const differs = (grid, field) => grid.was && grid.is && (grid.was[field] ?? null) !== (grid.is[field] ?? null);
    const area = (side) => (side?.area_m2 === undefined || side?.area_m2 === null ? "–" : number(side.area_m2));
    const rows = grids.slice(0, MOST).map((grid) => {
      const kind = !grid.was ? "fresh" : !grid.is ? "ended" : "after";
      const more = ["parent", "team"].filter((field) => differs(grid, field)).map((field) => make("span", { class: "sub" }, `${t(`col.${field}`)}${COLON}${value(grid.was, field)} → ${value(grid.is, field)}`));
      return make("tr", { data: { code: grid.code, kind } },
        make("th", { scope: "row", class: "name" }, grid.code, make("span", { class: "sub" }, kind === "after" ? word(grid.level) : `${word(grid.level)} · ${t(`draft.kind.${kind}`)}`), ...more),
        make("td", { class: "number" }, area(grid.was)), make("td", { class: "number" }, area(grid.is)));
    });
    const table = make("table", { "aria-label": t("draft.changed") },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("col.grid")), make("th", { scope: "col", class: "number" }, t("draft.before"), make("span", { class: "unit" }, "m²")), make("th", { scope: "col", class: "number" }, t("draft.after"), make("span", { class: "unit" }, "m²")))),
      make("tbody", { data: { from: "data" } }, ...rows));
    return make("div", {}, table, grids.length > MOST ? make("p", { class: "muted" }, t("table.more", { count: number(grids.length - MOST) })) : null);
  }

  steps(draft) {
    byId("draft-steps-title").textContent = t("draft.steps", { count: number(draft.step) });
    byId("draft-steps").replaceChildren(...draft.steps.map((step, place) => make("li", { class: place < draft.step ? "" : "undone", data: { from: "data", op: step.op } },
      make("span", {}, stepText(step)), make("span", { class: "sub" }, `${step.by || t("past.nobody")} · `, when(step.at)))));
    byId("draft-steps-none").hidden = draft.steps.length > 0;
  }

  actions(draft, any) {
    const open = (ACTIONS[draft.state] ?? []).filter(([, needs]) => this.may[needs]).map(([what]) => what);
    for (const what of ["submit", "approve", "reject", "withdraw"]) {
      byId(`draft-${what}`).hidden = !open.includes(what);
      byId(`draft-${what}`).disabled = what === "submit" && !any;
    }
    byId("draft-decide").hidden = open.length === 0;
    byId("draft-decide-title").textContent = t(this.work.editable ? "draft.submit.title" : this.may.review ? "draft.review.title" : "draft.waiting");
    byId("draft-reason-box").hidden = open.length === 0;
    byId("draft-delete").hidden = !this.may.edit || !this.work.editable;
  }

  async decide(what) {
    const field = byId("draft-reason"), reason = field.value.trim();
    if (!reason && what !== "withdraw") {
      field.setAttribute("aria-invalid", "true");
      field.focus();
      toast(t("draft.reason.needed"));
      return;
    }
    field.removeAttribute("aria-invalid");
    if (this.deciding) return; // a second click is no second decision
    this.deciding = true;
    const found = await this.work.decide(what, reason).finally(() => { this.deciding = false; });
    if (!found) return;
    field.value = "";
    toast(t(`draft.done.${what}`, { name: found.name, revision: number(found.applied_revision) }));
  }

  async link() {
    try {
      await navigator.clipboard.writeText(address());
      toast(t("link.copied"));
    } catch {
      prompt(t("link.copy"), address());
    }
  }
}
