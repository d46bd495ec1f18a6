// Two at once: what the other one did and what was meant here, side by side. Nothing is dropped until the reader says so.

import { Refused, request } from "./api.js";
import { byId, make, toast } from "./dom.js";
import { sketch } from "./draft_sketch.js";
import { stepText } from "./draft_words.js";
import { gridsOf } from "./draft_work.js";
import { ago, COLON, COMMA, number, t, word } from "./i18n.js";

const MOST = 12;
const list = (lines, none) => (lines.length ? make("ol", { class: "draft-steps" }, ...lines.map((line) => make("li", { data: { from: "data" } }, line))) : make("p", { class: "muted" }, none));

/** The lines of a step that was meant but is not kept. */
function meant(mine) {
  if (mine?.op === "split") return [{ type: "LineString", coordinates: mine.params.line }];
  if (mine?.op === "reshape") return mine.params.moves.map(({ from, to }) => ({ type: "LineString", coordinates: [from, to] }));
  return [];
}

export class Conflict {
  constructor(work, mayEdit) {
    Object.assign(this, { work, mayEdit, what: null, theirs: null, moved: false });
    const box = byId("draft-conflict");
    // Where one of two versions is to be forgotten, neither Esc nor a click beside it decides; else both leave all as it is.
    box.addEventListener("cancel", (event) => { if (this.moved) event.preventDefault(); });
    box.addEventListener("close", () => {
      if (this.what && this.moved) box.showModal();
      else this.what = this.theirs = null;
    });
    byId("draft-conflict-again").addEventListener("click", () => this.again());
    byId("draft-conflict-fork").addEventListener("click", () => this.carry());
    byId("draft-conflict-drop").addEventListener("click", () => this.drop());
  }

  /** Ask the reader; `what` = {error, what, body, mine} of a request that was refused as stale. */
  async open(what) {
    const { draft } = this.work;
    this.what = what;
    try {
      this.theirs = await request(`/api/drafts/${encodeURIComponent(draft.id)}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status !== 404) {
        // Not known what is kept now: what was meant waits until it is.
        this.what = null;
        toast(`${error.message} ${error.remedy}`, { error: true, key: "unsent", stays: true, action: { label: t("error.retry"), run: () => this.open(what) } });
        return;
      }
      this.theirs = null; // it was deleted
    }
    const grids = what.error.answer?.error?.conflicts ?? [];
    const moved = !this.theirs || this.theirs.version !== draft.version;
    // Not stale, and no grid that differs: it is in a state in which this cannot be done.
    if (!moved && !grids.length) { this.what = null; toast(`${what.error.message} ${what.error.remedy}`, { error: true }); return; }
    this.moved = moved;
    byId("draft-conflict-lead").textContent = `${what.error.message} ${what.error.remedy}`;
    if (moved) this.versions(draft); else this.grids(grids);
    byId("draft-conflict-again").hidden = !moved || !["draft", "rejected", "withdrawn"].includes(this.theirs?.state);
    byId("draft-conflict-fork").hidden = !this.mayEdit;
    byId("draft-conflict-fork").textContent = t(moved ? "conflict.fork" : "conflict.carry");
    byId("draft-conflict-fork").title = t("conflict.carry.why");
    byId("draft-conflict-fork").classList.toggle("primary", !moved);
    byId("draft-conflict-drop").textContent = t(moved ? "conflict.drop" : "conflict.leave");
    byId("draft-conflict-drop").title = t(moved ? "conflict.drop.why" : "conflict.leave.why");
    byId("draft-conflict").showModal();
  }

  /** The draft was changed by another page. */
  versions(draft) {
    const { theirs, what } = this;
    const known = draft.steps.slice(0, draft.step), kept = theirs?.steps.slice(0, theirs.step) ?? [];
    let same = 0;
    while (same < Math.min(known.length, kept.length) && known[same].at === kept[same].at && known[same].op === kept[same].op) same += 1;
    const ours = [...known.slice(same).map(stepText), ...(what.mine ? [stepText(what.mine)] : what.what === "steps" ? [] : [t(`conflict.action.${what.what}`)])];
    const others = theirs ? [...(theirs.state !== draft.state ? [t("conflict.state", { state: t(`draft.state.${theirs.state}`) })] : []), ...kept.slice(same).map((step) => `${stepText(step)} – ${step.by || t("past.nobody")}, ${ago(step.at)}`)] : [t("conflict.deleted")];
    this.fill(list(others, t("conflict.undone")), list(ours, ""), theirs ? gridsOf(theirs.grids) : [], gridsOf(draft.grids), meant(what.mine));
  }

  /** The division was changed since the draft began. */
  grids(conflicts) {
    const side = (one, name) => {
      const state = one[name];
      return `${word(one.level)} ${one.code}${COLON}${state ? [`${number(state.area_m2)} m²`, state.parent && `${t("col.parent")} ${state.parent}`, state.team && `${t("col.team")} ${state.team}`].filter(Boolean).join(COMMA) : t("conflict.gone")}`;
    };
    const some = conflicts.slice(0, MOST);
    const shape = (name) => some.map((one) => ({ before: null, after: one[name]?.geometry ?? null }));
    this.fill(list(some.map((one) => side(one, "theirs")), ""), list(some.map((one) => side(one, "mine")), ""), shape("theirs"), shape("mine"), []);
  }

  fill(theirs, mine, theirGrids, myGrids, lines) {
    byId("draft-conflict-their").replaceChildren(theirs);
    byId("draft-conflict-mine").replaceChildren(mine);
    const shapes = (grids) => grids.map((grid) => grid.after).filter(Boolean);
    const picture = sketch([{ name: "mine", geometries: shapes(myGrids) }, { name: "theirs", geometries: shapes(theirGrids) }, { name: "meant", geometries: lines }], t("conflict.picture"));
    byId("draft-conflict-sketch").replaceChildren(...(picture ? [picture, make("p", { class: "muted" }, t("conflict.picture.key"))] : []));
  }

  end() {
    const { what, theirs } = this;
    this.what = this.theirs = null;
    byId("draft-conflict").close();
    return { what, theirs };
  }

  /** Make the step on what the other one left. */
  again() {
    const { what, theirs } = this.end();
    this.work.take(theirs, "opened");
    this.work.send(what.what, what.body, what.mine);
  }

  /** Keep both: the steps of this page are made anew in a draft of their own; on grids that changed, too. Where that fails the question stays. */
  async carry() {
    const { draft } = this.work;
    const moved = this.theirs?.version !== draft.version;
    const name = t(moved ? "conflict.fork.name" : "conflict.carry.name", { name: draft.name }).slice(0, 80);
    const button = byId("draft-conflict-fork");
    button.disabled = true;
    const made = await this.work.carry(name, this.what.mine, (step, all) => { byId("draft-conflict-lead").textContent = t("conflict.carry.step", { step: number(step), all: number(all) }); });
    button.disabled = false;
    if (made) this.end();
    else byId("draft-conflict-lead").textContent = t("conflict.fork.failed");
  }

  drop() {
    const { theirs } = this.end();
    if (!this.moved) return;
    if (theirs) this.work.take(theirs, "opened"); else this.work.close();
  }
}
