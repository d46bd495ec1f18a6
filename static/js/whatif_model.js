// A plan of camera changes with undo and redo. Nothing here knows of the map or the service.

const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);
const DEPTH = 200;

/** A camera → what is planned for it: {op: "place" | "set" | "remove", …fields}. The last touched one comes last. */
export class Plan {
  constructor(heard = () => {}) {
    this.heard = heard;
    this.known = new Map(); // camera of the store -> its recorded facts
    this.now = [];
    this.past = [];
    this.future = [];
    this.gesture = null;
    this.count = 0;
  }

  /** The changes in the shape of the service. */
  get changes() { return this.now; }

  get canUndo() { return this.past.length > 0; }

  get canRedo() { return this.future.length > 0; }

  /** Remember what the store records of a camera, so that a change back to it is none. */
  learn(camera, facts) { this.known.set(camera, facts); }

  of(camera) { return this.now.find((change) => (change.key ?? change.id) === camera) ?? null; }

  /** What a camera is under the plan: recorded facts with the planned ones over them; null when removed or unknown. */
  facts(camera) {
    const change = this.of(camera);
    if (change?.op === "remove") return null;
    const base = this.known.get(camera) ?? null;
    if (!change) return base;
    const { op, key, id, ...fields } = change;
    return { ...base, id: id ?? null, ...fields };
  }

  /** Put a new camera somewhere; returns its key. */
  place(fields) {
    do this.count += 1; while (this.of(`new-${this.count}`) || this.known.has(`new-${this.count}`));
    const key = `new-${this.count}`;
    this.step([...this.now, { op: "place", key, ...fields }]);
    return key;
  }

  /** Change facts of a camera. Changes of one gesture ("drag", a field being typed) are one step of undo. */
  set(camera, fields, gesture = null) {
    const old = this.of(camera);
    if (old?.op === "remove") return;
    const made = { ...(old ?? { op: "set", id: camera }), ...fields };
    const base = this.known.get(camera);
    if (made.op === "set" && base) {
      for (const name of Object.keys(fields)) if (name !== "lon" && name !== "lat" && same(made[name], base[name] ?? null)) delete made[name];
      if (made.lon === base.lon && made.lat === base.lat) { delete made.lon; delete made.lat; }
    }
    const others = this.now.filter((change) => change !== old);
    this.step(made.op === "set" && Object.keys(made).length === 2 ? others : [...others, made], gesture && `${gesture} ${camera}`);
  }

  /** Take a camera away: a placed one is forgotten, one of the store is planned to go. */
  remove(camera) {
    const old = this.of(camera);
    const others = this.now.filter((change) => change !== old);
    this.step(old?.op === "place" ? others : [...others, { op: "remove", id: camera }]);
  }

  /** Forget what is planned for one camera. */
  restore(camera) { this.step(this.now.filter((change) => change !== this.of(camera))); }

  clear() { if (this.now.length) this.step([]); }

  /** Take another plan, as one step. */
  take(changes, { fresh = false } = {}) {
    if (fresh) { this.past = []; this.future = []; this.gesture = null; this.now = changes; this.heard(); } else this.step(changes);
  }

  /** Close the present gesture: the next change is a step of its own. */
  rest() { this.gesture = null; }

  step(next, gesture = null) {
    if (same(next, this.now)) return;
    if (gesture === null || gesture !== this.gesture) {
      this.past.push(this.now);
      if (this.past.length > DEPTH) this.past.shift();
    }
    this.gesture = gesture;
    this.future = [];
    this.now = next;
    this.heard();
  }

  undo() {
    if (!this.canUndo) return;
    this.future.push(this.now);
    this.now = this.past.pop();
    this.gesture = null;
    this.heard();
  }

  redo() {
    if (!this.canRedo) return;
    this.past.push(this.now);
    this.now = this.future.pop();
    this.gesture = null;
    this.heard();
  }

  /** Go back to the last plan that the service took, without a trace. */
  retreat(changes) {
    while (this.past.length && same(this.past.at(-1), changes)) this.past.pop();
    this.now = changes;
    this.gesture = null;
    this.heard();
  }
}
