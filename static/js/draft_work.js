// The open draft and what is done to it, one request after the other, each on the version that the page knows.

import { Refused, request } from "./api.js";
import { t } from "./i18n.js";

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

/** Refusals of one step; after any other (no network, no session, a busy service) the next one would fare no better. */
const OF_THE_STEP = new Set([400, 404, 409, 413, 422]);
/** Whether it is not known what became of a request: no answer came, or none that says so. */
const unsure = (error) => error instanceof Refused && (["network", "shape"].includes(error.code) || error.status === 503);
const STATES = { submit: "submitted", approve: "applied", reject: "rejected", withdraw: "withdrawn" };

/** Whether what is kept is `known` with just this done to it: it was done, and its answer was lost. */
function done(kept, known, what, mine) {
  if (kept?.version !== known.version + 1) return false;
  if (mine) {
    const { op, params } = kept.steps.at(-1) ?? {};
    return kept.step === known.step + 1 && kept.steps.length === kept.step && op === mine.op && JSON.stringify(params) === JSON.stringify(mine.params);
  }
  return what in STATES ? kept.state === STATES[what] : kept.step === known.step + { undo: -1, redo: 1 }[what];
}

/** What is worked on; `on` = {changed(draft, why), conflict({error, what, body, mine}), refused(error, action)}. */
export class Work {
  constructor(on) {
    Object.assign(this, { on, draft: null, turn: Promise.resolve(), waiting: 0, left: null });
  }

  get id() { return this.draft?.id ?? null; }

  /** Whether steps can be made now. */
  get editable() { return ["draft", "rejected", "withdrawn"].includes(this.draft?.state); }

  /** Do one thing after all that were asked for before. Returns the answer, null where it was refused; then what `offer(error)` says is offered. */
  queue(run, offer = () => null) {
    this.waiting += 1;
    const mine = this.turn.then(run).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      this.on.refused(error, offer(error));
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

  open(id) {
    if (this.left?.id !== id) this.left = null;
    return this.queue(async () => this.take(await request(address(id)), "opened"), (error) => (unsure(error) ? { label: t("error.retry"), run: () => this.open(id) } : null));
  }

  /** Ask again for what is open: the division may have changed under it. */
  renew() {
    const { id } = this;
    return this.queue(async () => (this.id === id ? this.take(await request(address(id)), "renewed") : null));
  }

  close() {
    this.draft = this.left = null;
    this.on.changed(null, "closed");
  }

  make(name) { return this.queue(async () => this.take(await request("/api/drafts", { method: "POST", body: { name } }), "opened")); }

  /** Send what changes the draft; where it is stale the reader decides, and nothing is forgotten until then. */
  send(what, body, mine = null, offer = () => null, before = null) {
    const { id } = this;
    let known = before;
    return this.queue(async () => {
      if (this.id !== id) return null;
      known ??= this.draft;
      try {
        if (before) {
          const kept = await request(address(id));
          if (done(kept, before, what, mine)) return this.take(kept, what);
        }
        return this.take(await request(address(id, what), { method: "POST", body: { ...body, version: this.draft.version } }), what);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 409) throw error;
        this.on.conflict({ error, what, body, mine });
        return null;
      }
    }, (error) => (unsure(error) ? { label: t("error.retry"), stays: true, run: () => this.send(what, body, mine, offer, known) } : offer(error)));
  }

  /** Make a step; `offer(error)`: what is offered where the service refuses it, {label, run}. */
  step(op, params, offer) { return this.send("steps", { ...params, op }, { op, params }, offer); }

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

  /**
   * Make the steps in force, and one that was refused, anew in a draft of its own, on what the grids are now. What can
   * no longer be made is kept in `left` {id, name, all, steps: [{step, message}]}; the draft they come from stays.
   */
  carry(name, mine, told) {
    const known = this.draft;
    const wanted = [...known.steps.slice(0, known.step), ...(mine ? [mine] : [])];
    return this.queue(async () => {
      let made = await request("/api/drafts", { method: "POST", body: { name } });
      const steps = [];
      for (const [place, step] of wanted.entries()) {
        told(place + 1, wanted.length);
        try {
          made = await request(address(made.id, "steps"), { method: "POST", body: { ...step.params, op: step.op, version: made.version } });
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          if (!OF_THE_STEP.has(error.status)) {
            // Half of it is of no use to anybody: the reader tries again.
            await request(`${address(made.id)}?version=${made.version}`, { method: "DELETE" }).catch(() => null);
            throw error;
          }
          steps.push({ step, message: `${error.message} ${error.remedy}`.trim() });
        }
      }
      this.left = steps.length ? { id: made.id, name: known.name, all: wanted.length, steps } : null;
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
