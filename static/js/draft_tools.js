// The tools on the map: which one is in the hand, which grids are chosen, and the card that says what to do next.

import { byId, make, narrow } from "./dom.js";
import { number, t } from "./i18n.js";
import { sheet } from "./panel.js";
import { Line } from "./draft_line.js";
import { Reshape } from "./draft_reshape.js";
import { snapped } from "./draft_snap.js";
import { gridChoice, intoChoice, parentChoice, teamChoice } from "./draft_fields.js";

const SNAP_PX = 10;
/** How many grids each tool takes; the others draw. */
const CHOOSES = { merge: [2, 30], redraw: [1, 1], parent: [1, 1], team: [1, 200] };
export const TOOLS = ["reshape", "split", "merge", "redraw", "parent", "team"];

/** The tools; `on` = {topology(), revert(), step(op, params), level(), borders(), may()}. */
export class Tools {
  constructor(map, scene, on) {
    Object.assign(this, { map, scene, on, tool: null, chosen: new Set(), form: null });
    this.reshape = new Reshape(map, scene, {
      topology: on.topology,
      codes: () => this.chosen,
      commit: (moves) => this.step("reshape", { moves, level: on.level() }),
      revert: () => { on.revert(); this.draw(); },
      changed: () => this.card(),
      chooseGrid: (at) => this.choose(on.topology()?.gridAt(at) ?? null, { only: true }),
    });
    this.line = new Line(map, "drafts", {
      snap: (at) => (on.topology() ? snapped(map, on.topology(), at, SNAP_PX) : { ...at, on: null }),
      changed: () => this.card(),
    });
    const box = map.getContainer();
    box.addEventListener("click", (event) => this.clicked(event), true);
    box.addEventListener("dblclick", (event) => this.doubled(event), true);
    box.addEventListener("pointermove", (event) => { if (this.tool === "split" && event.pointerType !== "touch" && !event.buttons) this.line.hover(this.reshape.place(event)); });
    for (const name of TOOLS) byId(`draft-tool-${name}`).addEventListener("click", () => this.take(this.tool === name ? null : name));
  }

  /** Take a tool into the hand; null lays it down. */
  take(name) {
    if (this.tool === name) return;
    this.reshape.stop();
    this.line.stop();
    this.tool = name;
    this.form = null;
    const most = CHOOSES[name]?.[1] ?? 1;
    this.chosen = new Set([...this.chosen].slice(0, most));
    if (name === "reshape") this.reshape.start();
    if (name === "split") this.line.start();
    if (name && narrow()) sheet("");
    if (name) this.map.getContainer().focus({ preventScroll: true });
    this.map.getContainer().classList.toggle("draft-drawing", name === "split");
    if (name) this.map.getContainer().dataset.draftTool = name; else delete this.map.getContainer().dataset.draftTool;
    this.on.borders();
    this.draw();
    this.card();
  }

  /** Choose a grid, or let it go. */
  choose(code, { only = false } = {}) {
    if (code === null) return;
    const most = CHOOSES[this.tool]?.[1] ?? 1;
    if (only || most === 1) this.chosen = new Set(this.chosen.has(code) && !only ? [] : [code]);
    else if (this.chosen.has(code)) this.chosen.delete(code);
    else if (this.chosen.size < most) this.chosen.add(code);
    this.draw();
    this.card();
  }

  /** The borders came or changed: draw again what hangs on them. */
  draw() {
    const topology = this.on.topology();
    const codes = this.tool ? this.chosen : new Set();
    this.scene.showChosen(topology, this.tool === "reshape" ? [] : codes);
    this.crowded = !this.scene.showNodes(this.tool === "reshape" ? topology : null, this.tool === "reshape" && !this.chosen.size ? new Set(topology?.grids.keys() ?? []) : codes);
  }

  clicked(event) {
    if (!this.tool || event.target.closest(".leaflet-control")) return;
    event.stopPropagation();
    if (this.map.dragging.moved()) return;
    const at = this.reshape.place(event);
    if (this.tool === "reshape") this.reshape.clicked(event);
    else if (this.tool === "split") this.line.add(at);
    else this.choose(this.on.topology()?.gridAt(at) ?? null);
  }

  doubled(event) {
    if (!this.tool) return;
    event.stopPropagation();
    event.preventDefault();
    if (this.tool === "split") this.finish();
  }

  async step(op, params) {
    const found = await this.on.step(op, params);
    if (!found) { this.on.revert(); this.draw(); this.card(); return; }
    if (op !== "reshape") this.chosen = new Set();
    if (op === "split") this.line.clear();
    this.form = null;
    this.draw();
    this.card();
  }

  /** Do what the tool in the hand is set up for. */
  finish() {
    const level = this.on.level(), codes = [...this.chosen];
    if (this.tool === "reshape") this.reshape.done();
    else if (this.tool === "split") {
      const code = this.on.topology()?.gridOf(this.line.points) ?? null;
      if (code !== null && this.line.points.length > 1) this.step("split", { level, code, line: this.line.points.map(({ lon, lat }) => [lon, lat]) });
    } else if (this.ready()) {
      if (this.tool === "merge") this.step("merge", { level, codes, into: this.form?.value() ?? codes[0] });
      if (this.tool === "redraw") this.step("redraw", { level, code: codes[0] });
      if (this.tool === "parent") this.step("parent", { level, code: codes[0], parent: this.form.value() });
      if (this.tool === "team") this.step("team", { level, codes, team: this.form.value() });
    }
  }

  /** Whether what the tool needs is there. */
  ready() {
    if (this.tool === "reshape") return this.reshape.chosen !== null && Boolean(this.on.topology()?.dirty) && !this.reshape.wrong;
    if (this.tool === "split") return this.line.points.length > 1 && this.on.topology()?.gridOf(this.line.points) !== null;
    const [least] = CHOOSES[this.tool] ?? [0];
    return this.chosen.size >= least && (this.form === null || this.form.ready());
  }

  hint() {
    const { tool } = this;
    if (tool === "reshape") {
      if (this.reshape.wrong) return t("draft.hint.tangled");
      if (this.reshape.chosen === null && this.crowded) return t("draft.hint.reshape.far");
      return t(this.reshape.chosen === null ? "draft.hint.reshape" : this.on.topology()?.dirty ? "draft.hint.reshape.moved" : "draft.hint.reshape.chosen");
    }
    if (tool === "split") {
      const code = this.line.points.length > 1 ? this.on.topology()?.gridOf(this.line.points) : null;
      return code ? t("draft.hint.split.grid", { code }) : t(this.line.points.length > 1 ? "draft.hint.split.outside" : "draft.hint.split");
    }
    return this.chosen.size ? t("draft.hint.chosen", { count: number(this.chosen.size) }) : t(`draft.hint.${tool}`);
  }

  /** Show the card of the tool in the hand. */
  card() {
    const box = byId("draft-card");
    for (const name of TOOLS) byId(`draft-tool-${name}`).setAttribute("aria-pressed", String(this.tool === name));
    box.hidden = !this.tool;
    if (!this.tool) { this.form = null; byId("draft-fields").replaceChildren(); return; }
    byId("draft-hint").textContent = this.hint();
    const chooses = this.tool in CHOOSES;
    byId("draft-chosen").replaceChildren(...(chooses ? [...this.chosen].map((code) => make("button", { type: "button", class: "chip", title: t("draft.unchoose", { code }), data: { from: "data" }, onclick: () => this.choose(code) }, code, " ×")) : []));
    const key = `${this.tool} ${[...this.chosen].join(" ")}`;
    if (!chooses) { this.form = null; byId("draft-fields").replaceChildren(); }
    else if (this.form?.key !== key) this.fields(key);
    byId("draft-done").hidden = this.tool === "reshape" && this.reshape.chosen === null;
    byId("draft-done").textContent = t(`draft.do.${this.tool}`);
    byId("draft-done").disabled = !this.ready();
    byId("draft-back").hidden = !(this.tool === "split" ? this.line.points.length : this.tool === "reshape" && this.reshape.chosen !== null);
    byId("draft-back").textContent = t(this.tool === "split" ? "draft.point.back" : "draft.node.leave");
  }

  fields(key) {
    const level = this.on.level(), again = () => { byId("draft-done").disabled = !this.ready(); };
    const add = gridChoice(this.on.topology, (code) => this.choose(code));
    const form = { merge: () => intoChoice(this.chosen, again), parent: () => parentChoice(level, again), team: () => teamChoice(level, again) }[this.tool];
    this.form = form && this.chosen.size ? form() : { element: null, value: () => null, ready: () => true };
    this.form.key = key;
    byId("draft-fields").replaceChildren(...[add, this.form.element].filter(Boolean));
  }

  /** One step back of what is not yet a step of the draft. */
  back() {
    if (this.tool === "split") this.line.back();
    else this.reshape.cancel();
  }

  /** Return whether a key was for the tool in the hand. */
  key(event) {
    if (!this.tool) return false;
    if (this.tool === "reshape" && this.reshape.key(event)) return true;
    if (this.tool === "reshape" && (event.key === "n" || event.key === "p")) this.reshape.next(event.key === "n" ? 1 : -1);
    else if (event.key === "Escape") this.escape();
    else if (event.key === "Enter" && !event.target.closest("button, a")) this.finish();
    else if (event.key === "Backspace" && this.tool === "split") this.line.back();
    else if (event.key === " " && event.target === this.map.getContainer()) this.middle();
    else return false;
    return true;
  }

  escape() {
    if (this.tool === "split" && this.line.points.length) this.line.clear();
    else if (this.chosen.size && this.tool !== "reshape") { this.chosen = new Set(); this.draw(); this.card(); }
    else this.take(null);
  }

  /** A key takes the middle of the map for the pointer. */
  middle() {
    const { lng, lat } = this.map.getCenter();
    const at = { lon: lng, lat };
    if (this.tool === "split") this.line.add(at);
    else if (this.tool !== "reshape") this.choose(this.on.topology()?.gridAt(at) ?? null);
  }
}
