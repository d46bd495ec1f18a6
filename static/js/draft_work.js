// The open draft and what is done to it, one request after the other, each on the version that the page knows.

import { Refused, request } from "./api.js";

const address = (id, what = "") => `/api/drafts/${encodeURIComponent(id)}${what ? `/${what}` : ""}`;

/** Return the changed grids of an answer: [{level, code, before, after, was, is}]; geometries and properties, null where there is none. */
export function gridsOf(collection) {
  const found = new Map();
  for (const { geometry, properties } of collection?.features ?? []) {
    const key = `${properties.level} ${properties.code}`;
    if (!found.has(key)) found.set(key, { key, level: properties.level, code: properties.code, before: null, after: null, was: null, is: null });
    const side = properties.when === "before" ? ["before", "was"] : ["after", "is"];
    found.get(key)[side[0]] = geometry;
    found.get(key)[side[1]] = properties;
  }
  return [...found.values()];
}

/** What is worked on; `on` = {changed(draft, why), conflict({error, what, body, mine}), refused(error, action)}. */
export class Work {
  constructor(on) {
    Object.assign(this, { on, draft: null, turn: Promise.resolve(), waiting: 0 });
  }

  get id() { return this.draft?.id ?? null; }

  /** Whether steps can be made now. */
  get editable() { return ["draft", "rejected", "withdrawn"].includes(this.draft?.state); }

  /** Do one thing after all that were asked for before. Returns the answer, null where it was refused; then `action` is offered. */
  queue(run, action = null) {
    this.waiting += 1;
    const mine = this.turn.then(run).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      this.on.refused(error, action);
      return null;
    }).finally(() => { this.waiting -= 1; });
    this.turn = mine.catch(() => null);
    return mine;
  }

  take(draft, why) {
    this.draft = draft;
    this.on.changed(draft, why);
    return draft;
  }

  open(id) { return this.queue(async () => this.take(await request(address(id)), "opened")); }

  /** Ask again for what is open: the division may have changed under it. */
  renew() {
    const { id } = this;
    return this.queue(async () => (this.id === id ? this.take(await request(address(id)), "renewed") : null));
  }

  close() {
    this.draft = null;
    this.on.changed(null, "closed");
  }

  make(name) { return this.queue(async () => this.take(await request("/api/drafts", { method: "POST", body: { name } }), "opened")); }

  /** Send what changes the draft; where it is stale the reader decides, and nothing is forgotten until then. */
  send(what, body, mine = null, action = null) {
    const { id } = this;
    return this.queue(async () => {
      if (this.id !== id) return null;
      try {
        return this.take(await request(address(id, what), { method: "POST", body: { ...body, version: this.draft.version } }), what);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 409) throw error;
        this.on.conflict({ error, what, body, mine });
        return null;
      }
    }, action);
  }

  /** Make a step; `action` {label, run}: what is offered where the service refuses it. */
  step(op, params, action = null) { return this.send("steps", { ...params, op }, { op, params }, action); }

  undo() { return this.editable && this.draft.can_undo ? this.send("undo", {}) : null; }

  redo() { return this.editable && this.draft.can_redo ? this.send("redo", {}) : null; }

  decide(what, reason) { return this.send(what, { reason }); }

  remove() {
    const { id } = this;
    return this.queue(async () => {
      await request(`${address(id)}?version=${this.draft.version}`, { method: "DELETE" });
      this.close();
      return true;
    });
  }

  /** Make the steps that are known here, and one that was refused, in a draft of its own. */
  fork(name, mine) {
    const known = this.draft;
    return this.queue(async () => {
      let made = await request("/api/drafts", { method: "POST", body: { name } });
      for (const { op, params } of [...known.steps.slice(0, known.step), ...(mine ? [mine] : [])]) {
        made = await request(address(made.id, "steps"), { method: "POST", body: { ...params, op, version: made.version } });
      }
      return this.take(made, "opened");
    });
  }

  effect() { return request(address(this.id, "effect")); }
}

/** What the service knows of drafts and of the history. */
export const listed = () => request("/api/drafts");
export const history = () => request("/api/division/history");
export const difference = (revision) => request(`/api/division/history/${revision}`);
export const bordersAddress = (id) => address(id, "borders");
export const fileOf = (id) => address(id, "export.geojson");
