// The history of the division: which revision changed what, who, when and why; its difference on the map; the way back as a draft.

import { latest, Refused } from "./api.js";
import { byId, make, narrow, toast } from "./dom.js";
import { legendOf } from "./draft_scene.js";
import { difference, gridsOf, history } from "./draft_work.js";
import { COMMA, moment, number, t } from "./i18n.js";
import { sheet } from "./panel.js";
import { now } from "./shell.js";
import { Table } from "./table.js";

const counts = (row) => [["added", row.added], ["changed", row.changed], ["removed", row.removed]].filter(([, count]) => count > 0).map(([name, count]) => t(`past.${name}`, { count: number(count) })).join(COMMA) || "–";
const whoOf = (row) => (row.submitted_by && row.submitted_by !== row.by ? t("past.two", { author: row.submitted_by, by: row.by }) : row.by || t("past.nobody"));
const whyOf = (row) => row.why || t(`past.kind.${row.kind}`);

export class History {
  constructor(work, scene, on) {
    Object.assign(this, { work, scene, on, ask: latest(), shown: null, first: null });
    this.table = new Table(byId("division-table"), {
      columns: [
        { key: "revision", label: t("past.revision"), text: (row) => number(row.revision) },
        { key: "why", label: t("past.why"), name: "name", text: whyOf, cell: (row) => make("span", {}, whyOf(row), make("span", { class: "sub" }, `${whoOf(row)} · ${moment(row.at, now()?.timezone ?? "UTC")}`), make("span", { class: "sub" }, counts(row))) },
      ],
      keyOf: (row) => String(row.revision), label: t("past.title"), empty: t("past.none"),
      on: { select: (row) => this.choose(row), open: (row) => this.choose(row) },
    });
    byId("division-restore").addEventListener("click", () => this.restore());
    byId("division-close").addEventListener("click", () => this.hide());
  }

  async try(run) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(`${error.message} ${error.remedy}`, { error: true });
      return null;
    }
  }

  async load() {
    const found = await this.try(() => history());
    if (!found) return;
    this.table.setRows(found.changes);
    this.first = found.changes.at(-1)?.revision ?? null;
  }

  /** Show what one revision changed. */
  async choose(row) {
    this.shown = row;
    const found = await this.try(() => difference(row.revision));
    if (!found || this.shown !== row) return;
    const grids = gridsOf(found.grids);
    this.scene.showChanges(grids);
    this.on.look();
    byId("division-card").hidden = false;
    byId("division-text").replaceChildren(make("b", { data: { from: "data" } }, t("past.of", { revision: number(row.revision), why: whyOf(row) })), make("p", { class: "muted", data: { from: "data" } }, `${whoOf(row)} · ${moment(row.at, now()?.timezone ?? "UTC")} · ${counts(row)}`), row.own ? make("p", {}, t("draft.own")) : "");
    byId("division-key").replaceChildren(legendOf(grids));
    // What was in force before the first revision is not known.
    byId("division-restore").hidden = !this.on.mayEdit || row.revision === this.first;
    byId("division-restore").title = t("past.restore.why", { revision: number(row.revision) });
    if (narrow()) sheet("");
  }

  hide() {
    if (!this.shown) return;
    this.shown = null;
    byId("division-card").hidden = true;
    this.table.select(null);
    this.scene.showChanges(this.work.draft ? gridsOf(this.work.draft.grids) : []);
  }

  /** Make a draft that brings back the division as it was before the shown revision. */
  async restore() {
    if (this.restoring) return;
    this.restoring = true;
    const before = this.table.rows.filter((row) => row.revision < this.shown.revision).map((row) => row.revision).sort((a, b) => b - a)[0];
    const made = await this.work.make(t("past.restore.name", { revision: number(before) }));
    if (made) await this.work.step("restore", { revision: before });
    this.restoring = false;
  }
}
