// The list of drafts with their states, and the way to a new one.

import { Refused } from "./api.js";
import { byId, make, toast } from "./dom.js";
import { stateOf } from "./draft_words.js";
import { listed } from "./draft_work.js";
import { ago, number, t } from "./i18n.js";
import { Table } from "./table.js";

const ORDER = ["submitted", "draft", "rejected", "withdrawn", "approved", "applied"];

export class Shelf {
  constructor(work) {
    this.work = work;
    this.table = new Table(byId("draft-table"), {
      columns: [
        { key: "name", label: t("draft.name"), name: "name", text: (row) => row.name, cell: (row) => make("span", {}, row.name, make("span", { class: "sub" }, t("draft.by", { by: row.created_by || t("past.nobody"), ago: ago(row.updated_at) }))) },
        { key: "state", label: t("draft.state"), by: (row) => ORDER.indexOf(row.state), text: (row) => t(`draft.state.${row.state}`), cell: (row) => stateOf(row.state) },
        { key: "grids", label: t("data.grids"), title: t("draft.changed"), numeric: true, by: (row) => row.grids ?? row.step, text: (row) => number(row.grids ?? row.step) },
      ],
      keyOf: (row) => row.id, label: t("tab.drafts"), empty: t("draft.none"), sort: { key: "state", down: false },
      on: { select: (row) => this.open(row), open: (row) => this.open(row) },
    });
    byId("draft-new").addEventListener("submit", async (event) => {
      event.preventDefault();
      const field = byId("draft-new-name"), name = field.value.trim();
      if (!name) { field.focus(); return; }
      if (this.making) return;
      this.making = true;
      if (await work.make(name).finally(() => { this.making = false; })) field.value = "";
    });
  }

  open(row) { if (row.id !== this.work.id) this.work.open(row.id); }

  async load() {
    try {
      this.table.setRows((await listed()).drafts);
      this.loaded = true;
      this.table.select(this.work.id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(`${error.message} ${error.remedy}`, { error: true });
    }
  }

  /** The open draft changed: the list says so when it is looked at again. */
  renew() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 400);
  }
}
