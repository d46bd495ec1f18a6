// Scenarios: plans kept by name. Saved, opened, renamed, deleted and brought back, compared, exported, applied.

import { Refused, request } from "./api.js";
import { byId, make, toast } from "./dom.js";
import { ago, COMMA, number, t, word } from "./i18n.js";
import { poll } from "./shell.js";
import { FIELDS } from "./whatif_form.js";
import { compareTables } from "./whatif_compare.js";

const MOST = 3;
/** The query of the page without what is not asked. */
export const plain = (query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ""));

/** The shelf; `on` = {answer(), opened(changes), done(), title(camera)}. */
export class Shelf {
  constructor(context, plan, on) {
    Object.assign(this, { context, plan, on, list: [], current: null, saved: "[]", chosen: new Set(), gone: null, renaming: null });
    byId("scenario-form").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    byId("scenario-save-as").addEventListener("click", () => this.save({ anew: true }));
    byId("scenario-compare").addEventListener("click", () => this.compare());
    byId("scenario-apply").addEventListener("click", () => this.confirm());
    byId("scenario-apply-do").addEventListener("click", () => this.apply());
    byId("scenario-name").addEventListener("input", () => this.show());
  }

  get dirty() { return JSON.stringify(this.plan.changes) !== this.saved; }

  /** Run a request; a refusal is told where the reader is. Returns null then. */
  async try(run, action = null) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(`${error.message} ${error.remedy}`, { error: true, action });
      return null;
    }
  }

  async load() {
    const found = await this.try(() => request("/api/scenarios"));
    if (found) this.list = found.scenarios;
    for (const id of this.chosen) if (!this.list.some((one) => one.id === id)) this.chosen.delete(id);
    this.draw();
  }

  /** Open a scenario; with `keep` the plan at hand stays and only belongs to it. */
  async open(id, { keep = false } = {}) {
    const found = await this.try(() => request(`/api/scenarios/${id}`));
    if (!found) { this.close(); await this.load(); return; }
    this.current = found;
    byId("scenario-name").value = found.name;
    this.saved = JSON.stringify(found.changes);
    this.context.set({ scenario: found.id });
    const gone = new Set(found.stale.filter((one) => one.gone).map((one) => one.camera));
    if (!keep) this.on.opened(found.changes.filter((change) => !gone.has(change.id)));
    await this.load();
    if (found.stale.length && found.applied_revision === null) {
      const names = found.stale.map(({ camera, gone, columns }) => (gone ? t("scenario.gone", { camera }) : `${camera} (${columns.map(factName).join(COMMA)})`));
      toast(t("scenario.stale", { cameras: names.join("; ") }), { error: true });
    }
  }

  /** Belong to no scenario any more. */
  close() {
    this.current = null;
    this.saved = "[]";
    byId("scenario-name").value = "";
    this.context.set({ scenario: null });
    this.draw();
  }

  async save({ anew = false } = {}) {
    const name = byId("scenario-name").value.trim();
    const old = anew ? null : this.current;
    if (!name) { byId("scenario-name").focus(); return; }
    const changes = this.plan.changes;
    const body = { ...plain(this.context.params()), name, changes, cameras_revision: this.on.answer()?.cameras_revision };
    const found = await this.try(() => (old
      ? request(`/api/scenarios/${old.id}`, { method: "PUT", body: { ...body, version: old.version } })
      : request("/api/scenarios", { method: "POST", body })),
    old ? { label: t("scenario.open"), run: () => this.open(old.id) } : null);
    if (!found) return;
    this.current = found;
    this.saved = JSON.stringify(changes);
    this.context.set({ scenario: found.id });
    toast(t("scenario.saved", { name: found.name }));
    await this.load();
  }

  async rename(one, name) {
    this.renaming = null;
    const found = name && name !== one.name && await this.try(() => request(`/api/scenarios/${one.id}`, { method: "PUT", body: { name, version: one.version } }));
    if (found && this.current?.id === one.id) {
      this.current = found;
      byId("scenario-name").value = found.name;
    }
    await this.load();
  }

  async remove(one) {
    const found = await this.try(() => request(`/api/scenarios/${one.id}?version=${one.version}`, { method: "DELETE" }));
    if (found) {
      this.gone = one;
      if (this.current?.id === one.id) this.close();
    }
    await this.load();
  }

  async bringBack(one) {
    this.gone = null;
    await this.try(() => request(`/api/scenarios/${one.id}/restore`, { method: "POST", body: {} }));
    await this.load();
  }

  async compare() {
    const own = this.plan.changes.length > 0 && this.dirty;
    const ids = this.chosen.size || !this.current ? [...this.chosen] : [this.current.id];
    if (!ids.length && !own) { toast(t("scenario.compare")); return; }
    const body = { ...plain(this.context.params()), id: ids, ...(own ? { changes: this.plan.changes } : {}) };
    const found = await this.try(() => request("/api/scenarios/compare", { method: "POST", body }));
    if (!found) return;
    if (!found.sides) { toast(t("whatif.computing", { progress: number(100 * (found.progress ?? 0)) })); return; }
    compareTables(found);
    byId("scenario-compare-box").showModal();
  }

  /** Show what applying changes; nothing is done yet. */
  confirm() {
    const { current } = this;
    if (!current) return;
    const lines = this.plan.changes.map((change) => this.line(change));
    byId("scenario-apply-lead").textContent = t("scenario.apply.lead", { name: current.name, count: number(lines.length) });
    byId("scenario-apply-list").replaceChildren(...lines.map((text) => make("li", {}, text)));
    const off = this.plan.changes.some((change) => change.op === "set" && change.online === false);
    byId("scenario-apply-off").hidden = !off;
    byId("scenario-apply-off").textContent = off ? t("scenario.apply.off") : "";
    byId("scenario-apply-box").showModal();
  }

  line(change) {
    const camera = this.on.title(change.key ?? change.id);
    if (change.op === "remove") return t("scenario.apply.remove", { camera });
    const base = this.plan.known.get(change.id) ?? {};
    const facts = [];
    if (change.lon !== undefined && base.lon !== undefined) facts.push(t("fact.moved", { distance: number(metres(base, change), 1) }));
    for (const name of FIELDS) {
      if (!(name in change)) continue;
      const [before, after] = [base[name], change[name]].map((value) => factText(name, value));
      facts.push(change.op === "place" ? `${factName(name)} ${after}` : t("fact.from", { name: factName(name), before, after }));
    }
    if (change.op === "set" && "online" in change) facts.push(change.online === null ? t("fact.unknown") : t(change.online ? "fact.on" : "fact.off"));
    return t(`scenario.apply.${change.op}`, { camera, facts: facts.join(COMMA) });
  }

  async apply() {
    const { current } = this;
    byId("scenario-apply-box").close();
    const found = await this.try(() => request(`/api/scenarios/${current.id}/apply`, { method: "POST", body: { version: current.version } }),
      { label: t("scenario.open"), run: () => this.open(current.id) });
    if (!found) return;
    this.close();
    this.on.done();
    toast(t("scenario.apply.done", { name: current.name, revision: number(found.revision) }));
    await Promise.all([this.load(), poll()]);
  }

  /** Show what can be done now. */
  show() {
    const { current, dirty } = this;
    const any = this.plan.changes.length > 0;
    byId("scenario-now").textContent = current ? `${current.name}${dirty ? ` · ${t("scenario.unsaved")}` : ""}` : any ? t("scenario.this") : t("whatif.none");
    byId("scenario-save").disabled = !any || (Boolean(current) && !dirty && byId("scenario-name").value.trim() === current.name && !current.stale?.length && current.applied_revision === null);
    byId("scenario-save-as").hidden = !current;
    byId("scenario-save-as").disabled = !any || byId("scenario-name").value.trim() === current?.name;
    byId("scenario-apply").disabled = !current || dirty || !any || current.applied_revision !== null;
    byId("scenario-apply").title = any && (!current || dirty) ? t("scenario.apply.save") : "";
  }

  draw() {
    const entries = this.list.map((one) => this.entry(one));
    if (this.gone) {
      const one = this.gone;
      entries.unshift(make("li", { class: "gone" }, make("span"), make("span", {}, t("scenario.deleted", { name: one.name }), " ",
        make("button", { type: "button", class: "button", onclick: () => this.bringBack(one) }, t("scenario.undo")))));
    }
    if (!entries.length) entries.push(make("li", {}, make("span"), make("span", { class: "muted" }, t("scenario.none"))));
    byId("scenario-list").replaceChildren(...entries);
    this.show();
  }

  entry(one) {
    const box = make("input", { type: "checkbox", "aria-label": t("scenario.choose", { name: one.name }), checked: this.chosen.has(one.id), onchange: () => {
      if (!box.checked) this.chosen.delete(one.id);
      else if (this.chosen.size < MOST) this.chosen.add(one.id);
      else { box.checked = false; toast(t("scenario.compare")); }
    } });
    let title;
    if (this.renaming === one.id) {
      title = make("input", { type: "text", value: one.name, maxLength: 80, "aria-label": t("scenario.rename"), onchange: () => this.rename(one, title.value.trim()),
        onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); this.renaming = null; this.draw(); } } });
      setTimeout(() => title.select(), 0);
    } else title = make("button", { type: "button", class: "title", "aria-current": this.current?.id === one.id ? "true" : null, onclick: () => this.open(one.id) }, one.name);
    const files = ["geojson", "csv"].map((format) => make("a", { href: `/api/scenarios/${one.id}/export?format=${format}`, download: "" }, format === "csv" ? "CSV" : "GeoJSON"));
    return make("li", { data: { id: one.id, from: "data" } }, box, make("span", {}, title),
      make("span", { class: "rest" }, make("span", {}, t("scenario.summary", { placed: number(one.placed), changed: number(one.changed), removed: number(one.removed), ago: ago(one.updated_at) })),
        one.applied_revision === null ? null : make("span", {}, t("scenario.applied", { revision: number(one.applied_revision) }))),
      make("span", { class: "rest" }, make("button", { type: "button", onclick: () => { this.renaming = one.id; this.draw(); } }, t("scenario.rename")),
        make("button", { type: "button", onclick: () => this.remove(one) }, t("scenario.delete")), ...files, make("a", { href: this.link(one) }, t("scenario.link"))));
  }

  /** The address that opens a scenario. */
  link(one) {
    const url = new URL("/planner", location.origin);
    for (const [name, value] of Object.entries({ tab: "whatif", scenario: one.id, ...plain(this.context.params()) })) for (const each of [value].flat()) url.searchParams.append(name, String(each));
    return `${url.pathname}${url.search}`;
  }
}

const factName = (name) => (["x", "y"].includes(name) ? t("fact.place") : FIELDS.includes(name) ? t(`fact.${name}`) : name);

function factText(name, value) {
  if (value === null || value === undefined || value === "") return t("fact.unknown");
  if (name === "kind") return word(value);
  return typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 1) + ({ azimuth_deg: "°", hfov_deg: "°", tilt_deg: "°", vfov_deg: "°", range_m: " m", height_m: " m" }[name] ?? "") : String(value);
}

function metres(from, to) {
  const scale = 111320;
  return Math.hypot((to.lat - from.lat) * scale, (to.lon - from.lon) * scale * Math.cos((from.lat * Math.PI) / 180));
}
